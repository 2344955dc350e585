# exercise: false_concurrency
# expect: fails
# test: false_concurrency_raid_check
# message: the captain's and, after its answer, 3 at the same time. It had received 2 after 0.8 s

# %% answer="false_concurrency_raid"
async def raid(captain, crew):
    """Unchanged: `async for` is not concurrent."""

    async def answers():
        for url in crew:
            yield await fetch(url)

    first = await fetch(captain)
    return [first, *[answer async for answer in answers()]]
