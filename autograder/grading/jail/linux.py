"""What the jail asks of the Linux kernel and Python's `os` does not offer in 3.11.

Every function raises OSError with the kernel's reason. On other systems `here` is False, and none
of them may be called. The numbers are those of the kernel's headers (linux/sched.h, linux/mount.h,
linux/prctl.h, linux/capability.h); calls newer than 5.0 have one number on every machine.
"""

from __future__ import annotations

import ctypes
import os
import platform
import signal
import socket
import struct
import sys

NEW_MOUNTS, NEW_HOST_NAME, NEW_IPC = 0x00020000, 0x04000000, 0x08000000
NEW_USER, NEW_PROCESSES, NEW_NETWORK = 0x10000000, 0x20000000, 0x40000000

READ_ONLY, NO_SETUID, NO_DEVICES, NO_PROGRAMS, NO_LINKS = 1, 2, 4, 8, 256
BIND, RECURSIVE, PRIVATE = 0x1000, 0x4000, 0x40000
_DETACH = 2

_DUMPABLE, _NO_NEW_PRIVILEGES, _DIE_WITH_PARENT = 4, 38, 1
_CAPABILITIES_VERSION = 0x20080522
_MOUNT_SETATTR = 442
_HERE, _WHOLE_TREE = -100, 0x8000  # AT_FDCWD, AT_RECURSIVE
_NUMBERS = {"x86_64": (56, 155), "aarch64": (220, 41)}  # clone, pivot_root

here = sys.platform == "linux" and platform.machine() in _NUMBERS
"""Whether this is a Linux whose numbers are known."""

if sys.platform == "linux":
    # PyDLL: these calls are short, and a fork between two threads of Python's must not happen
    _libc = ctypes.PyDLL(None, use_errno=True)


def unshare(kinds: int) -> None:
    """Leave the namespaces of these kinds for new ones."""
    _check(_libc.unshare(kinds))


def join(descriptor: int, kind: int = 0) -> None:
    """Enter the namespace that an open file of /proc/<pid>/ns names, of whatever kind."""
    _check(_libc.setns(descriptor, kind))


def fork_as_init() -> int:
    """Fork; the child is the first process of a new process namespace, and all in it die with it.

    `unshare` and `os.fork` would do as well, but leave their caller unable to fork a second time
    outside. The process must have one thread, as the fork server has.
    """
    ctypes.pythonapi.PyOS_BeforeFork()
    process = _libc.syscall(
        _NUMBERS[platform.machine()][0],
        ctypes.c_ulong(NEW_PROCESSES | signal.SIGCHLD),
        *[ctypes.c_ulong(0)] * 4,
    )
    error = ctypes.get_errno()
    if process == 0:
        ctypes.pythonapi.PyOS_AfterFork_Child()
    else:
        ctypes.pythonapi.PyOS_AfterFork_Parent()
    if process < 0:
        raise OSError(error, os.strerror(error))
    return int(process)


def mount(source: str, target: str, kind: str, flags: int, options: str = "") -> None:
    """Mount; see mount(2)."""
    encoded = [text.encode() for text in (source, target, kind)]
    _check(_libc.mount(*encoded, ctypes.c_ulong(flags), options.encode()))


def unmount(target: str) -> None:
    """Unmount, as soon as nobody uses it."""
    _check(_libc.umount2(target.encode(), _DETACH))


def seal(target: str, flags: int, *, whole_tree: bool = True) -> None:
    """Set READ_ONLY and the like on a mount, and on those below it; needs Linux 5.12."""
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)
    depth = _WHOLE_TREE if whole_tree else 0
    _check(_libc.syscall(_MOUNT_SETATTR, _HERE, target.encode(), depth, attributes, 32))


def make_root(folder: str) -> None:
    """Make a mounted folder the root, and let go of what was the root before."""
    os.chdir(folder)
    _check(_libc.syscall(_NUMBERS[platform.machine()][1], b".", b"."))
    unmount(".")
    os.chdir("/")


def drop_capabilities() -> None:
    """Give up every privilege that root has over others."""
    header = struct.pack("Ii", _CAPABILITIES_VERSION, 0)
    _check(_libc.capset(header, bytes(24)))


def no_new_privileges() -> None:
    """From now on no program that is started has more rights than this process, not even su."""
    _check(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))


def die_with_parent() -> None:
    """Be killed when the parent ends. To be called after each change of user, which forgets it."""
    _check(_libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0))


def stay_visible() -> None:
    """Let our own /proc stay ours: after a change of user it would be root's."""
    _check(_libc.prctl(_DUMPABLE, 1, 0, 0, 0))


def loopback_up() -> None:
    """Switch the interface `lo` on: in a new network namespace it is off."""
    import fcntl  # not on Windows, where this module can be imported

    get_flags, set_flags, up = 0x8913, 0x8914, 0x1  # linux/sockios.h, linux/if.h
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sh22x", b"lo", 0)
        (flags,) = struct.unpack_from("16xh", fcntl.ioctl(handle, get_flags, request))
        fcntl.ioctl(handle, set_flags, struct.pack("16sh22x", b"lo", flags | up))


def _check(result: int) -> None:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
