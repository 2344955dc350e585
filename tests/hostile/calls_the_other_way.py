# The fork server is looked for among the descriptors, to have processes made.
# ends: the process

# %%
import os, socket

for descriptor in range(3, 200):
    try:
        kind = os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        continue
    if not kind.startswith("socket"):
        continue
    line = socket.socket(fileno=os.dup(descriptor))
    if line.family == socket.AF_UNIX and line.type == socket.SOCK_STREAM:
        try:
            line.send(b"E\0\0\0\0", socket.MSG_DONTWAIT)
            line.settimeout(0.2)
            if len(line.recv(4)) == 4:
                succeeded("a fork server answered")
        except OSError:
            pass
    line.detach()
tried()
