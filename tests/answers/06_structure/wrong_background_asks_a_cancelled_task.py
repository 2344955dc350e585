# exercise: background
# expect: fails
# test: background_check
# message: a callback of yours raised CancelledError

# %% answer="background"
running = set()


def in_background(job, complain):
    def over(task):
        running.discard(task)
        if error := task.exception():
            complain(error)

    task = asyncio.create_task(job)
    running.add(task)
    task.add_done_callback(over)
    return task
