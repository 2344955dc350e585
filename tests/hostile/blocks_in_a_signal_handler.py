# The loop is held inside a signal handler while it waits.

# %%
import asyncio, os, signal, time

tried()


# %% answer="roll"
async def roll(spec):
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(0.4))
    asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGUSR1)
    await asyncio.sleep(0.1)
    return f"{spec}: rolled"
