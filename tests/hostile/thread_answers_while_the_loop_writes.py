# A thread answers the knocks, and the main thread writes to nobody, so that its count rises.
# with: finds_the_pulse

# %%
import asyncio
import os
import threading
import time

tried()


# %% answer="roll"
async def roll(spec):
    line, over = pulse(), time.monotonic() + 0.85
    asyncio.get_running_loop().remove_reader(line.fileno())

    def answer():
        line.setblocking(True)
        line.settimeout(0.01)
        while time.monotonic() < over:
            try:
                os.write(line.fileno(), line.recv(16))
            except OSError:
                pass

    threading.Thread(target=answer).start()
    nobody = os.open("/dev/null", os.O_WRONLY)
    while time.monotonic() < over:
        time.sleep(0.008)
        os.write(nobody, b".")
    return f"{spec}: rolled"
