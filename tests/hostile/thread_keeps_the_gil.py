# A thread keeps the GIL for half a second, because the switch interval was changed.
# with: denies_its_blocks

# %%
import asyncio, sys, time

sys.setswitchinterval(5)


def compute():
    end = time.thread_time() + 0.4
    while time.thread_time() < end:
        sum(range(1000))


tried()


# %% answer="roll"


async def roll(spec):
    await asyncio.to_thread(compute)
    return f"{spec}: rolled"
