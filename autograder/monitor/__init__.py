"""One call on a watched loop: how long did the code hold the loop, and at which line?

    watch.py          the public function: runs the call in a thread of its own, or in the candidate
    run.py            one call: a fresh loop, the call's time-out, its teardown
    errors.py         where the learner's code raised an exception, or waits
    probe.py          what each pass of the loop cost: the rule of the verdict
    timer_probe.py    the same for uvloop, whose passes cannot be bracketed
    attribution.py    which part of a sleep was not the code's doing
    ownership.py      whose thread is it: the learner's, or one that serves the kernel or us
    sampler.py        looks at the stack of a loop that is held
    samples.py        what the sampler notes at one look
    frames.py         whose frame it is, and what people call its file
    thread_stats.py   CPU time, run-queue wait and switches of threads, from the kernel
    timerfd.py        a timer that another thread can put off
    task_trace.py     which task ran when, for the picture
    kernel_guard.py   refuses `watch` in a kernel that stock nbgrader grades with

`watch` calls `run`; `run` starts the sampler and the probe; the probe asks `attribution` what to
take off. The result is a `report.record.Record`. Everything here needs the standard library alone.
"""
