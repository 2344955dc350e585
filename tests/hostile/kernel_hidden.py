# The kernel is said to tell nothing, so that a sleep is only a doubt.

# %%
import os

os.environ["UNBLOCKED_HIDE_SCHEDSTAT"] = "1"
tried()
