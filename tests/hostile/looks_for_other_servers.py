# Servers of other programs are looked for: sockets by name, meeting files.

# %%
import glob, os, tempfile

lines = open("/proc/net/unix").read().splitlines()[1:]
named = [line.split()[-1] for line in lines if len(line.split()) > 7]
if named:
    succeeded(f"sees {named[:5]}")
for pattern in ("/tmp/unblocked-*/*.json", "/run/*", "/var/run/*", f"{os.path.dirname(COURSE)}/*"):
    if found := [path for path in glob.glob(pattern)]:
        succeeded(f"sees {found[:3]}")
tried()
