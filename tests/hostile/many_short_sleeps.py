# A long sleep is cut into short ones, between which the loop never runs.
# with: denies_its_blocks

# %%
import time

tried()


# %% answer="roll"


async def roll(spec):
    for _ in range(200):
        time.sleep(0.002)
    return f"{spec}: rolled"
