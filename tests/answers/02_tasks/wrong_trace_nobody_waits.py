# exercise: trace
# expect: fails
# test: trace_duet_check
# message: did it return before its tasks ended

# %% answer="trace_duet"
async def duet(say, ada, bo):
    """Makes the tasks and returns."""

    async def voice(words):
        for word in words:
            say(word)
            await asyncio.sleep(0)

    asyncio.create_task(voice(ada))
    asyncio.create_task(voice(bo))


# %% answer="trace_pairs"
async def pairs(say, ada, bo):
    """The main task ends before anybody has spoken."""

    async def voice(words):
        for word in words:
            say(word)
            await asyncio.sleep(0)

    say("begin")
    asyncio.create_task(voice(ada))
    asyncio.create_task(voice(bo))
    say("end")
