"""System calls that do nothing for a candidate: a filter in the kernel (seccomp) that stays.

Namespaces and Landlock do not cover these: keyrings are not in a namespace, memory files and System
V segments belong to no process that a limit counts, and some kinds of sockets ignore the network's
namespace. A refused call fails with EPERM, a socket with EAFNOSUPPORT, as on a kernel without it.

A thread that lowers its own priority, or yields, would look as if other programs starved it. But
an honest pool may be nice to others: such a call has no effect, and the program is told that it
worked.

The filter is a program for the kernel's packet filter: linux/filter.h, linux/seccomp.h. The numbers
are from asm/unistd.h.
"""

from __future__ import annotations

import ctypes
import errno
import platform
import socket
import struct

# by name: the number on x86_64 and on aarch64
_WITHOUT_EFFECT = {
    "sched_yield": (24, 124),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "setpriority": (141, 140),
    "sched_setaffinity": (203, 122),
    "ioprio_set": (251, 30),
    "sched_setattr": (314, 274),
}
_DENIED = {
    "ptrace": (101, 117),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "keyctl": (250, 219),
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "perf_event_open": (298, 241),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "memfd_create": (319, 279),
    "bpf": (321, 280),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "memfd_secret": (447, 447),
}
_SOCKET = (41, 198)
_FAMILIES = (socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, getattr(socket, "AF_NETLINK", 16))
_MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column, AUDIT_ARCH_*
_X32 = 0x40000000  # a second set of numbers on x86_64

_LOAD, _JUMP_EQUAL, _JUMP_ABOVE, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_ALLOW, _FAIL = 0x7FFF0000, 0x00050000
_SET_SECCOMP, _FILTER = 22, 2  # linux/prctl.h
_KEYCTL = (250, 219)
_JOIN_SESSION_KEYRING = 1


def confine() -> bool:
    """Filter the system calls of this process and its children; return whether that worked.

    The process must have given up new privileges (`linux.no_new_privileges`). It gets a session
    keyring of its own first.
    """
    if platform.system() != "Linux" or platform.machine() not in _MACHINES:
        return False
    column, architecture = _MACHINES[platform.machine()]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall(_KEYCTL[column], _JOIN_SESSION_KEYRING, None)  # refused where there are no keys
    program = _program(column, architecture)
    code = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code))
    return bool(libc.prctl(_SET_SECCOMP, _FILTER, header, 0, 0) == 0)


def _program(column: int, architecture: int) -> bytes:
    """The filter, as an array of struct sock_filter: code, jump if true, jump if false, value."""
    steps: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_EQUAL, 1, 0, architecture),
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_ABOVE, 0, 1, _X32),
        (_RETURN, 0, 0, _FAIL | errno.EPERM),
    ]
    for calls, error in ((_WITHOUT_EFFECT, 0), (_DENIED, errno.EPERM)):
        for numbers in calls.values():
            steps += [(_JUMP_EQUAL, 0, 1, numbers[column]), (_RETURN, 0, 0, _FAIL | error)]
    steps += [(_JUMP_EQUAL, 1, 0, _SOCKET[column]), (_RETURN, 0, 0, _ALLOW)]
    steps.append((_LOAD, 0, 0, _FIRST_ARGUMENT))
    for position, family in enumerate(_FAMILIES):
        steps.append((_JUMP_EQUAL, len(_FAMILIES) - position, 0, int(family)))
    steps += [
        (_RETURN, 0, 0, _FAIL | errno.EAFNOSUPPORT),
        (_RETURN, 0, 0, _ALLOW),
    ]
    return b"".join(struct.pack("HBBI", *step) for step in steps)
