# exercise: trace
# expect: fails
# test: trace_pairs_check
# message: Line 3 of the trace is `task 2: uno`; expected `task 1: two`

# %% answer="trace_pairs"
async def pairs(say, ada, bo):
    """Both say one word a turn."""

    async def voice(words):
        for word in words:
            say(word)
            await asyncio.sleep(0)

    say("begin")
    await asyncio.gather(voice(ada), voice(bo))
    say("end")
