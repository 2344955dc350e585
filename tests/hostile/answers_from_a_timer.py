# An interval timer of the kernel has the main thread answer while it waits for a lock.
# with: finds_the_pulse

# %%
import os
import signal
import threading

tried()


# %% answer="roll"
async def roll(spec):
    line = pulse()

    def answer(*_):
        try:
            os.write(line.fileno(), line.recv(16, socket.MSG_DONTWAIT))
        except OSError:
            pass

    signal.signal(signal.SIGALRM, answer)
    signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
    threading.Event().wait(0.7)
    signal.setitimer(signal.ITIMER_REAL, 0)
    return f"{spec}: rolled"
