# Processes that make processes, until there is room for none.

# %%
import os, subprocess, time

started = 0
try:
    while started < 2000:
        subprocess.Popen(["sleep", MARK], start_new_session=True)
        started += 1
except OSError:
    pass
if started >= 1000:
    succeeded(f"started {started} processes")
tried()
