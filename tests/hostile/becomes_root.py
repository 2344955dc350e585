# Every way to more rights is tried: set-uid programs, capabilities, users.

# %%
import ctypes, os, shutil, subprocess

libc = ctypes.CDLL(None, use_errno=True)
for act in (
    lambda: os.setuid(0),
    lambda: os.setresuid(0, 0, 0),
    lambda: os.setgid(0),
    lambda: os.setgroups([0]),
):
    try:
        act()
        if os.getuid() == 0:
            succeeded("is root")
    except OSError:
        pass
for program in (
    ["su", "-c", "id -u"],
    ["sudo", "-n", "id", "-u"],
    ["unshare", "-r", "id", "-u"],
    ["unshare", "-n", "id", "-u"],
):
    if shutil.which(program[0]):
        said = subprocess.run(program, capture_output=True, stdin=subprocess.DEVNULL, text=True)
        if said.returncode == 0:
            succeeded(f"{program}: {said.stdout}")
for line in open("/proc/self/status"):
    if line.startswith(("CapPrm", "CapEff")) and int(line.split()[1], 16):
        succeeded(line)
    if line.startswith("NoNewPrivs") and line.split()[1] != "1":
        succeeded(line)
tried()
