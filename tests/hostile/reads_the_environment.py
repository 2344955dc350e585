# Tokens and passwords are looked for in the environment.

# %%
import os

for place in ("/proc/self/environ", "/proc/1/environ", f"/proc/{os.getppid()}/environ"):
    try:
        if b"TOP_SECRET" in open(place, "rb").read():
            succeeded(f"a token is in {place}")
    except OSError:
        pass
if any("SECRET" in name for name in os.environ):
    succeeded("a token is in os.environ")
tried()
