# exercise: trace
# expect: fails
# test: trace_duet_check
# message: Line 3 of the trace is `task 1: two`; expected `task 2: dos`

# %% answer="trace_duet"
async def duet(say, ada, bo):
    """What the statement shows, by heart, in two tasks."""

    async def voice(words):
        for word in words:
            say(word)
            await asyncio.sleep(0)

    await asyncio.gather(voice(["one", "two", "three"]), voice(["uno", "dos", "tres"]))
