# exercise: trace
# expect: passes

# %% answer="trace_duet"
async def duet(say, ada, bo):
    """Each voice hands the turn to the other."""
    turns = [asyncio.Event(), asyncio.Event()]
    done = [False, False]

    async def voice(me, words):
        for word in words:
            await turns[me].wait()
            say(word)
            if not done[1 - me]:
                turns[me].clear()
                turns[1 - me].set()
        done[me] = True
        turns[1 - me].set()

    turns[0].set()
    await asyncio.gather(voice(0, ada), voice(1, bo))


# %% answer="trace_pairs"
async def pairs(say, ada, bo):
    """as_completed waits for all, too."""

    async def voice(words, left):
        for word in words:
            say(word)
            left -= 1
            if left == 0:
                left = 2 if words is ada else 1
                await asyncio.sleep(0)

    say("begin")
    tasks = [asyncio.create_task(voice(ada, 2)), asyncio.create_task(voice(bo, 1))]
    for one in asyncio.as_completed(tasks):
        await one
    say("end")
