# The memory of every process in sight is read.

# %%
import os

for name in os.listdir("/proc"):
    if name.isdigit() and int(name) != os.getpid():
        for what in ("mem", "environ", "maps", "cwd"):
            try:
                path = f"/proc/{name}/{what}"
                if what == "cwd":
                    found = os.listdir(path)
                else:
                    found = open(path, "rb").read(1)
                if found:
                    succeeded(path)
            except OSError:
                pass
tried()
