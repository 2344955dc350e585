# The process ends as if all were well.

# %%
tried()

# %% answer="double"
import os


async def double(number):
    os._exit(0)


# %% answer="roll"
import sys


async def roll(spec):
    sys.exit(0)
