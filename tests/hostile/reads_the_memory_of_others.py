# The memory of every process in sight is read.

# %%
import os

for name in os.listdir("/proc"):
    if name.isdigit() and int(name) != os.getpid():
        for what in ("mem", "environ", "maps", "cwd", "root"):
            try:
                path = f"/proc/{name}/{what}"
                if what in ("cwd", "root"):
                    os.listdir(path)
                else:
                    open(path, "rb").read(1)
                succeeded(path)
            except OSError:
                pass
tried()
