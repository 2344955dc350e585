# A cell ends the process before any test has run.
# ends: the process

# %%
import os

os._exit(0)
