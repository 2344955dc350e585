# Half a second of computing, of which the record says nothing.
# with: denies_its_blocks

# %%
import time

tried()


# %% answer="roll"


async def roll(spec):
    end = time.thread_time() + 0.4
    while time.thread_time() < end:
        sum(range(1000))
    return f"{spec}: rolled"
