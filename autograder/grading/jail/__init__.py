"""The jail: the walls around a candidate. Namespaces, a file system of its own, Landlock, limits.

`confine.py` puts a process behind the walls. `filesystem.py`, `landlock.py` and `seccomp.py` are
three of the walls, `linux.py` has the system calls, and `availability.py` tells `doctor` which
walls this machine allows.
"""
