# Its own threads wait for a CPU, while the loop's thread sleeps in a system call that needs none.
# with: finds_the_pulse

# %%
import hashlib, select, threading

tried()


# %% answer="roll"


async def roll(spec):
    for _ in range(8):  # it releases the GIL
        job = threading.Thread(
            target=hashlib.pbkdf2_hmac, args=("sha256", b"t", b"s", 1_500_000), daemon=True
        )
        job.start()
    select.select([], [], [], 0.4)
    return f"{spec}: rolled"
