# exercise: in_turn
# expect: passes

# %% answer="in_turn"
turns = {}


async def in_turn(user, job):
    """A task for each user works off a list, and goes home when it is empty."""

    async def serve(jobs):
        while jobs:
            job, answer = jobs.pop(0)
            try:
                answer.set_result(await job())
            except Exception as error:
                answer.set_exception(error)
        del turns[user]

    answer = asyncio.get_running_loop().create_future()
    if user in turns:
        turns[user][0].append((job, answer))
    else:
        jobs = [(job, answer)]
        turns[user] = jobs, asyncio.create_task(serve(jobs))
    return await answer
