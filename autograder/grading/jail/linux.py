"""The Linux system calls that the jail needs and that Python 3.11's `os` does not have.

Every function raises OSError with the kernel's reason. On other systems `here` is False, and no
function may be called. The numbers come from the kernel's headers (linux/sched.h, linux/mount.h,
linux/prctl.h, linux/capability.h). System calls newer than Linux 5.0 have the same number on every
architecture.
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
"""Whether this is Linux, on an architecture whose system call numbers are known."""

if sys.platform == "linux":
    # PyDLL keeps the GIL: these calls are short, and no other thread may run during the fork
    _libc = ctypes.PyDLL(None, use_errno=True)


def unshare(kinds: int) -> None:
    """Move this process into new namespaces of these kinds."""
    _check(_libc.unshare(kinds))


def join(descriptor: int, kind: int = 0) -> None:
    """Enter the namespace of an open file of /proc/<pid>/ns; kind 0 allows every kind."""
    _check(_libc.setns(descriptor, kind))


def fork_as_init() -> int:
    """Fork; the child is the first process of a new process namespace.

    When the child ends, the kernel kills all processes of that namespace. `unshare` and `os.fork`
    would also work, but then all later forks of the caller would go into the namespace too. The
    caller must have only one thread, as the fork server has.
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
    """Mount a file system; see mount(2)."""
    encoded = [text.encode() for text in (source, target, kind)]
    _check(_libc.mount(*encoded, ctypes.c_ulong(flags), options.encode()))


def unmount(target: str) -> None:
    """Unmount; the kernel lets go of the mount when it is no longer in use."""
    _check(_libc.umount2(target.encode(), _DETACH))


def seal(target: str, flags: int, *, whole_tree: bool = True) -> None:
    """Set flags such as READ_ONLY on a mount and on those below it; this needs Linux 5.12."""
    attributes = struct.pack("QQQQ", flags, 0, 0, 0)
    depth = _WHOLE_TREE if whole_tree else 0
    _check(_libc.syscall(_MOUNT_SETATTR, _HERE, target.encode(), depth, attributes, 32))


def make_root(folder: str) -> None:
    """Make a mounted folder the root, and unmount the old root."""
    os.chdir(folder)
    _check(_libc.syscall(_NUMBERS[platform.machine()][1], b".", b"."))
    unmount(".")
    os.chdir("/")


def drop_capabilities() -> None:
    """Give up every capability, that is, every privilege of root."""
    header = struct.pack("Ii", _CAPABILITIES_VERSION, 0)
    _check(_libc.capset(header, bytes(24)))


def no_new_privileges() -> None:
    """Forbid that a program started from now on has more rights than this process, even su."""
    _check(_libc.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0))


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent ends.

    A change of user resets this, so call it again after each.
    """
    _check(_libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0))


def stay_visible() -> None:
    """Keep access to this process's own files in /proc: a change of user gives them to root."""
    _check(_libc.prctl(_DUMPABLE, 1, 0, 0, 0))


def loopback_up() -> None:
    """Switch on the interface `lo`, which is off in a new network namespace."""
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
