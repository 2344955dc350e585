# A daemon lives on when the grade is given.

# %%
import os, subprocess

if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for descriptor in range(3):
            os.close(descriptor)
        os.execvp("sleep", ["sleep", MARK])
    os._exit(0)
subprocess.Popen(["sleep", MARK], start_new_session=True)
tried()
