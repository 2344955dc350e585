# The machine's network interfaces and routes are looked at.

# %%
import os, socket


def read(path):
    try:
        return open(path).read()
    except OSError:
        return ""


names = {name for _, name in socket.if_nameindex()}
names |= {line.split(":")[0].strip() for line in read("/proc/net/dev").splitlines() if ":" in line}
for place in ("/sys/class/net", "/sys/devices/virtual/net"):
    try:
        names |= set(os.listdir(place))
    except OSError:
        pass
if names - {"lo"}:
    succeeded(f"sees {sorted(names)}")
if routes := read("/proc/net/route").splitlines()[1:]:
    succeeded(f"has routes: {routes}")
tried()
