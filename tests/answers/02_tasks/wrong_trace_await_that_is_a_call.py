# exercise: trace
# expect: fails
# test: trace_duet_check
# message: Which task suspends after `task 1: one`, and which does not?

# %% answer="trace_duet"
async def duet(say, ada, bo):
    """An `await` after each word, but nothing in it suspends."""

    async def breathe():
        pass

    async def voice(words):
        for word in words:
            say(word)
            await breathe()

    await asyncio.gather(voice(ada), voice(bo))
