# exercise: background
# expect: fails
# test: background_check
# message: it was told []

# %% answer="background"
running = set()


def in_background(job, complain):
    task = asyncio.create_task(job)
    running.add(task)
    task.add_done_callback(running.discard)
    return task
