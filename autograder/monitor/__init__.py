"""One call on a watched loop: how long did the code hold the loop, and at which line?

    watch.py          the public function: runs the call in a thread of its own, or in the candidate
    run.py            one call: a fresh loop, the call's time-out, its teardown
    errors.py         where the learner's code raised an exception, or waits
    warned.py         warnings and asyncio's logs lead to the learner's code
    probe.py          what each pass of the loop cost: the rule of the verdict
    select_probe.py   the bracket around `select`, which tells the probe of each pass
    timer_probe.py    the same for uvloop, whose passes cannot be bracketed
    attribution.py    which part of a sleep the code did not cause
    sample_summary.py what the samples of one pass show of its sleeps and waits
    blind.py          which sleep is certain where the kernel does not tell of waits for a CPU
    idle.py           for how long each CPU of the machine was idle
    ownership.py      which threads are the learner's, and which serve the kernel or the course
    sampler.py        reads the stack of the loop's thread while the loop is held
    samples.py        one sample, and what the sampler reads of the probe
    frames.py         which frames are the learner's, and what people call their files
    other_threads.py  the other threads of this process, and what they did
    jobs.py           which function a thread of a pool was given last
    children.py       for how long the processes of a call waited for a CPU
    thread_stats.py   CPU time, run-queue wait and switches of threads, from the kernel
    pressure.py       whether the control group or the machine runs short of memory
    timerfd.py        a timer that another thread can postpone
    garbage.py        Python's search for garbage, and the objects that it must leave out
    task_trace.py     which task ran when, for the chart
    kernel_guard.py   refuses `watch` in a kernel that stock nbgrader grades with

`watch` calls `run`. `run` starts the sampler and the probe. The probe asks `attribution` which part
of a sleep it must subtract. The result is a `report.record.Record`. Everything here needs only the
standard library.
"""
