# A handler of a signal answers the examiner's knocks while the main thread sleeps.
# with: finds_the_pulse

# %%
import os
import signal
import threading
import time

tried()


# %% answer="roll"
async def roll(spec):
    line, main, over = pulse(), threading.main_thread().ident, threading.Event()

    def answer(*_):
        try:
            os.write(line.fileno(), line.recv(16, socket.MSG_DONTWAIT))
        except OSError:
            pass

    def ring():
        while not over.wait(0.004):
            signal.pthread_kill(main, signal.SIGUSR1)

    signal.signal(signal.SIGUSR1, answer)
    bell = threading.Thread(target=ring)
    bell.start()
    time.sleep(0.7)
    over.set()
    bell.join()
    return f"{spec}: rolled"
