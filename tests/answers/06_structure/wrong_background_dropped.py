# exercise: background
# expect: fails
# test: background_check
# message: nothing kept its task

# %% answer="background"
def in_background(job, complain):
    def tell(task):
        if not task.cancelled() and task.exception():
            complain(task.exception())

    task = asyncio.ensure_future(job)
    task.add_done_callback(tell)
    return task
