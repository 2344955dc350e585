# exercise: trace
# expect: fails
# test: trace_duet_check
# message: Line 2 of the trace is `task 1: two`; expected `task 2: uno`

# %% answer="trace_duet"
async def duet(say, ada, bo):
    """Each task is awaited before the next one is made."""

    async def voice(words):
        for word in words:
            say(word)
            await asyncio.sleep(0)

    await asyncio.create_task(voice(ada))
    await asyncio.create_task(voice(bo))
