# exercise: background
# expect: passes

# %% answer="background"
running = {}


def in_background(job, complain):
    """A coroutine around the job, which signs itself in and out."""

    async def guarded():
        try:
            await job
        except Exception as error:
            complain(error)
        finally:
            del running[asyncio.current_task()]

    task = asyncio.create_task(guarded())
    running[task] = "a job"
    return task
