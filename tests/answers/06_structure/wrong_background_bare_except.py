# exercise: background
# expect: fails
# test: background_check
# message: a CancelledError must go on

# %% answer="background"
running = set()


def in_background(job, complain):
    async def guarded():
        try:
            await job
        except:
            pass

    task = asyncio.create_task(guarded())
    running.add(task)
    task.add_done_callback(running.discard)
    return task
