# Every process in sight is attached to, as a debugger does.

# %%
import ctypes, os

libc = ctypes.CDLL(None, use_errno=True)
for process in {1, os.getppid(), *range(2, 40)} - {os.getpid(), 0}:
    if libc.ptrace(16, process, 0, 0) == 0:
        succeeded(f"traces {process}")
        libc.ptrace(17, process, 0, 0)
tried()
