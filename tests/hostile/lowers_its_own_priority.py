# At idle priority, beside hogs of its own, it seems to be starved by others.

# %%
import contextlib
import os

one = {min(os.sched_getaffinity(0))}
before = os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0)
for change in (
    lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)),
    lambda: os.setpriority(os.PRIO_PROCESS, 0, 19),
    lambda: os.sched_setaffinity(0, one),
):
    with contextlib.suppress(OSError):
        change()
after = os.sched_getscheduler(0), os.getpriority(os.PRIO_PROCESS, 0), os.sched_getaffinity(0)
tried()
if after != before:
    succeeded("it runs when nobody else wants to")
