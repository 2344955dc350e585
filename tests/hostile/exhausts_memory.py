# One process after the other fills its memory.
# ends: the process

# %%
import os

taken = 0
for _ in range(12):
    process = os.fork()
    if process == 0:
        try:
            room = bytearray(1_500_000_000)
            for at in range(0, len(room), 4096):
                room[at] = 1
        except MemoryError:
            os._exit(1)
        os.kill(os.getpid(), 19)
    os.waitpid(process, os.WUNTRACED)
    taken += 1
if taken >= 6:
    succeeded(f"{taken * 1.5} GB are in use")
