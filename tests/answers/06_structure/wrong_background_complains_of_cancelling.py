# exercise: background
# expect: fails
# test: background_check
# message: it was told ['CancelledError

# %% answer="background"
running = set()


def in_background(job, complain):
    async def guarded():
        try:
            await job
        except BaseException as error:
            complain(error)
            raise

    task = asyncio.create_task(guarded())
    running.add(task)
    task.add_done_callback(running.discard)
    return task
