# exercise: background
# expect: fails
# test: background_check
# message: but its task is still kept

# %% answer="background"
running = []


def in_background(job, complain):
    async def guarded():
        try:
            await job
        except Exception as error:
            complain(error)

    running.append(asyncio.create_task(guarded()))
    return running[-1]
