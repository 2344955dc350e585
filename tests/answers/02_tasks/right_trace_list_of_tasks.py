# exercise: trace
# expect: passes

# %% answer="trace_duet"
async def duet(say, ada, bo):
    """A list of tasks, awaited one by one; a sleep that is longer than nothing does as well."""

    async def voice(words):
        for word in words:
            say(word)
            await asyncio.sleep(0.001)

    tasks = [asyncio.create_task(voice(words)) for words in (ada, bo)]
    for task in tasks:
        await task


# %% answer="trace_pairs"
async def pairs(say, ada, bo):
    """The words cut into portions first."""

    async def voice(portions):
        for portion in portions:
            for word in portion:
                say(word)
            await asyncio.sleep(0)

    say("begin")
    twos = [ada[n : n + 2] for n in range(0, len(ada), 2)]
    await asyncio.gather(voice(twos), voice([[word] for word in bo]))
    say("end")
