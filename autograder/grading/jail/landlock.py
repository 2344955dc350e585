"""Landlock: a process gives up access to files forever, without being root.

This is the second best wall, for machines that refuse namespaces (containers with Docker's default
profile). It restricts files, signals and tracing, but not UDP, so it cannot replace a network
namespace. TCP is not restricted, because a bot must reach the examiner's servers.
https://docs.kernel.org/userspace-api/landlock.html
"""

from __future__ import annotations

import ctypes
import os
import struct
from collections.abc import Iterable

from autograder.grading.jail import linux

_CREATE, _ADD, _RESTRICT = 444, 445, 446
_ASK_VERSION, _PATH_BENEATH = 1, 1

EXECUTE, WRITE, READ, READ_FOLDER = 1, 2, 4, 8
_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16}  # version -> number of file rights it knows
_READS = EXECUTE | READ | READ_FOLDER
_OF_FILES = EXECUTE | WRITE | READ | 1 << 14 | 1 << 15  # truncate, ioctl
_ABSTRACT_SOCKETS, _SIGNALS = 1, 2  # since version 6


def version() -> int:
    """Return this kernel's version of Landlock; 0 when it is missing or switched off."""
    if not linux.here:
        return 0
    return max(0, int(_libc().syscall(_CREATE, None, 0, _ASK_VERSION)))


def confine(readable: Iterable[str], writable: Iterable[str]) -> list[str]:
    """Confine this process and all that it starts to these paths; return the layers in force.

    `linux.no_new_privileges` must be called before. Raises OSError where Landlock is missing.
    """
    known = version()
    if known < 1:
        raise OSError("Landlock is missing")
    rights = (1 << _RIGHTS[max(v for v in _RIGHTS if v <= known)]) - 1
    scoped = _ABSTRACT_SOCKETS | _SIGNALS if known >= 6 else 0
    attributes = struct.pack("QQQ", rights, 0, scoped)[: 24 if known >= 6 else 8]
    ruleset = _made(_libc().syscall(_CREATE, attributes, len(attributes), 0))
    try:
        for path in readable:
            _allow(ruleset, path, _READS & rights)
        for path in writable:
            _allow(ruleset, path, rights)
        _made(_libc().syscall(_RESTRICT, ruleset, 0))
    finally:
        os.close(ruleset)
    return ["Landlock", "signals kept in"] if scoped else ["Landlock"]


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # there is no such path
    try:
        if not os.path.isdir(path):
            rights &= _OF_FILES
        rule = struct.pack("=Qi", rights, descriptor)
        _made(_libc().syscall(_ADD, ruleset, _PATH_BENEATH, rule, 0))
    finally:
        os.close(descriptor)


def _made(result: int) -> int:
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
    return result


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
