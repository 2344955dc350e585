# File systems are mounted, and made writable again.

# %%
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)


def act(what, result):
    if result == 0:
        succeeded(what)


act("remounted /", libc.mount(b"none", b"/", None, 32 | 4096, None))
act("remounted /usr", libc.mount(b"none", b"/usr", None, 32 | 4096, None))
act("unmounted /usr", libc.umount2(b"/usr", 2))
act("unmounted /proc", libc.umount2(b"/proc", 2))
act("mounted tmpfs", libc.mount(b"tmpfs", b"/tmp", b"tmpfs", 0, None))
act("new user namespace", libc.unshare(0x10000000))
act("new mount namespace", libc.unshare(0x00020000))
act("chroot", libc.chroot(b"/tmp"))
for device in (b"/dev/vda", b"/dev/sda", b"/dev/mem", b"/dev/kmsg"):
    act(f"opened {device}", 0 if os.path.exists(device) else -1)
try:
    os.mknod("disk", 0o600 | 0o060000, os.makedev(254, 0))
    succeeded("made a device")
except OSError:
    pass
tried()
