# At idle priority, beside hogs of its own, it seems to be starved by others.

# %%
import os

done = []
for change in (
    lambda: os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0)),
    lambda: os.setpriority(os.PRIO_PROCESS, 0, 19),
    lambda: os.sched_setaffinity(0, [sorted(os.sched_getaffinity(0))[0]]),
):
    try:
        change()
    except OSError:
        continue
    done.append(change)
tried()
if done:
    succeeded("it runs when nobody else wants to")
