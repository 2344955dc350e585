# exercise: background
# expect: fails
# message: nobody held its task

# %% answer="background"
running = weakref.WeakSet()


def in_background(job, complain):
    task = asyncio.create_task(job)
    running.add(task)
    return task
