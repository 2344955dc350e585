# exercise: trace
# expect: fails
# test: trace_duet_check
# message: Line 1 of the trace is `main: one`; expected `task 1: one`

# %% answer="trace_duet"
async def duet(say, ada, bo):
    """Two calls, no tasks."""

    async def voice(words):
        for word in words:
            say(word)
            await asyncio.sleep(0)

    await voice(ada)
    await voice(bo)
