"""Runs a program for which the kernel refuses system calls: `refusing.py unshare,landlock ...`.

A filter as containers have one (Docker's own profile refuses `unshare`, `setns` and `mount`). It
stays with everything that the program starts.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct
import sys

NUMBERS = {
    "x86_64": {"unshare": [272], "setns": [308], "mount": [165], "clone": [56]},
    "aarch64": {"unshare": [97], "setns": [268], "mount": [40], "clone": [220]},
}[platform.machine()]
LANDLOCK = [444, 445, 446]
_LOAD, _IF_EQUAL, _IF_ANY, _RETURN = 0x20, 0x15, 0x45, 0x06  # linux/filter.h
_ALLOW, _ERRNO = 0x7FFF0000, 0x00050000  # linux/seccomp.h
_NEW_NAMESPACES = 0x7E020000


def refuse(names: list[str]) -> None:
    """Have this process, and all it starts, be refused these calls from now on."""
    program = [(_LOAD, 0, 0, 0)]  # the number of the call
    for name in names:
        for number in LANDLOCK if name == "landlock" else NUMBERS[name]:
            answer = errno.ENOSYS if name == "landlock" else errno.EPERM
            if name == "clone":  # refused only when it would make namespaces
                program += [
                    (_IF_EQUAL, 0, 4, number),
                    (_LOAD, 0, 0, 16),  # the low half of the first argument
                    (_IF_ANY, 0, 1, _NEW_NAMESPACES),
                    (_RETURN, 0, 0, _ERRNO | answer),
                    (_LOAD, 0, 0, 0),
                ]
            else:
                program += [(_IF_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | answer)]
    program.append((_RETURN, 0, 0, _ALLOW))
    text = b"".join(struct.pack("HBBI", *line) for line in program)
    buffer = ctypes.create_string_buffer(text)
    filter_ = struct.pack("HxxxxxxP", len(program), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, filter_, 0, 0):
        raise OSError(ctypes.get_errno(), "the filter was refused")


if __name__ == "__main__":
    refuse(sys.argv[1].split(","))
    os.execv(sys.argv[2], sys.argv[2:])
