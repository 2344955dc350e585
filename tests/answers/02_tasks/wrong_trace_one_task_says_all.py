# exercise: trace
# expect: fails
# test: trace_duet_check
# message: The words are right, but they came from main

# %% answer="trace_duet"
async def duet(say, ada, bo):
    """The right words in the right order, without any task."""
    for number in range(max(len(ada), len(bo))):
        for words in (ada, bo):
            if number < len(words):
                say(words[number])
        await asyncio.sleep(0)


# %% answer="trace_pairs"
async def pairs(say, ada, bo):
    """The same with pairs."""
    say("begin")
    while ada or bo:
        for word in [*ada[:2], *bo[:1]]:
            say(word)
        ada, bo = ada[2:], bo[1:]
    say("end")
