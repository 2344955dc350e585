# The process stops itself, and so its clocks.

# %%
tried()

# %% answer="roll"
import os, signal


async def roll(spec):
    os.kill(os.getpid(), signal.SIGSTOP)
    return f"{spec}: rolled"
