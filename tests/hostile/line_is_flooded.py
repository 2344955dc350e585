# The examiner's line is flooded with answers that nobody asked for.
# with: finds_the_pulse

# %%
import threading, time

tried()


# %% answer="roll"


async def roll(spec):
    line, over = pulse(), time.monotonic() + 0.4

    def flood():
        while time.monotonic() < over:
            for said in (b"+", b"?", bytes(8)):
                line.send(said)
            time.sleep(0.002)

    threading.Thread(target=flood).start()
    time.sleep(0.4)
    return f"{spec}: rolled"
