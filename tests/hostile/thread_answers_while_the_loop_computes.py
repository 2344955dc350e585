# A thread answers the knocks while the loop computes.
# with: finds_the_pulse

# %%
import asyncio, os, threading, time

tried()


# %% answer="roll"


async def roll(spec):
    line, over = pulse(), time.monotonic() + 0.5
    asyncio.get_running_loop().remove_reader(line.fileno())

    def answer():
        while time.monotonic() < over:
            try:
                os.write(line.fileno(), line.recv(16, socket.MSG_DONTWAIT))
            except OSError:
                time.sleep(0.001)

    threading.Thread(target=answer).start()
    while time.monotonic() < over:
        sum(range(1000))
    return f"{spec}: rolled"
