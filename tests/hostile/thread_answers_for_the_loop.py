# A thread answers the knocks while the loop sleeps.
# with: finds_the_pulse

# %%
import asyncio, os, threading, time

tried()


# %% answer="roll"


async def roll(spec):
    line, over = pulse(), time.monotonic() + 0.45
    asyncio.get_running_loop().remove_reader(line.fileno())

    def answer():
        while time.monotonic() < over:
            try:
                os.write(line.fileno(), line.recv(16, socket.MSG_DONTWAIT))
            except OSError:
                time.sleep(0.001)

    threading.Thread(target=answer).start()
    time.sleep(0.4)
    return f"{spec}: rolled"
