# The keyring of the grader's session.

# %%
import ctypes
import platform

libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 250, "aarch64": 219}.get(platform.machine(), 250)
if libc.syscall(number, 0, -3, 0) >= 0:  # KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING
    succeeded("it has the number of the keyring")
tried()
