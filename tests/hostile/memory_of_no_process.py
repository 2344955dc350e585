# Memory in files that have no name, and in segments of System V: no process has it.

# %%
import ctypes

import os

libc = ctypes.CDLL(None, use_errno=True)
refused = 0
try:
    os.close(os.memfd_create("hidden"))
except OSError:
    refused += 1
refused += libc.shmget(0, 1 << 20, 0o1600) < 0
tried()
if refused < 2:
    succeeded("memory that nobody counts")
