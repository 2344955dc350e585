# A cell prints a number, as a test does that gives partial credit.

# %%
tried()

# %% answer="double"
from IPython.display import display


async def double(number):
    display({"text/plain": "2.0"}, raw=True)
    get_ipython().displayhook(2.0)
    return 0
