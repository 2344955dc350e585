# The loop stops listening to the knocks once it has said hello.
# with: denies_its_blocks

# %%
import asyncio, time

tried()


# %% answer="roll"


async def roll(spec):
    loop = asyncio.get_running_loop()
    for key in list(loop._selector.get_map().values()):
        if key.fd != loop._ssock.fileno():
            loop.remove_reader(key.fd)
    time.sleep(0.4)
    return f"{spec}: rolled"
