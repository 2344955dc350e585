# Sockets are opened that read or make raw packets, or change the interface.

# %%
import fcntl, socket, struct

for family, kind in ((socket.AF_PACKET, socket.SOCK_RAW), (socket.AF_INET, socket.SOCK_RAW)):
    try:
        socket.socket(family, kind, 1).close()
        succeeded(f"opened {family}")
    except OSError:
        pass
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
    try:
        fcntl.ioctl(handle, 0x8914, struct.pack("16sh22x", b"lo", 0))
        succeeded("switched lo off")
    except OSError:
        pass
tried()
