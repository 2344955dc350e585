# The machine's network interfaces and routes are looked at.

# %%
import os, socket

names = {name for _, name in socket.if_nameindex()}
names |= {line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line}
for place in ("/sys/class/net", "/sys/devices/virtual/net"):
    if os.path.isdir(place):
        names |= set(os.listdir(place))
if names - {"lo"}:
    succeeded(f"sees {sorted(names)}")
routes = open("/proc/net/route").read().splitlines()[1:]
if routes:
    succeeded(f"has routes: {routes}")
tried()
