# exercise: in_turn
# expect: fails
# message: came before an earlier one

# %% answer="in_turn"
turns = {}


async def in_turn(user, job):
    waiting = turns.setdefault(user, [])
    answer = asyncio.get_running_loop().create_future()
    waiting.append((job, answer))
    await asyncio.sleep(0.01)
    if len(waiting) and waiting[0] is not None:
        jobs, waiting[:] = waiting[::-1], [None]
        for one, future in jobs:
            try:
                future.set_result(await one())
            except Exception as error:
                future.set_exception(error)
        turns.pop(user, None)
    return await answer
