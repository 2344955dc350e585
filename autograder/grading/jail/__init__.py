"""The walls around a candidate: namespaces, a file system of its own, Landlock, limits.

`confine.py` puts a process behind them, `filesystem.py` and `landlock.py` are two of the walls,
`linux.py` the system calls, `availability.py` what this machine allows (for `doctor`).
"""
