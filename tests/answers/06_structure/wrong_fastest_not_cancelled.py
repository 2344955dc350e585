# exercise: fastest
# expect: fails
# test: fastest_check
# message: still at work

# %% answer="fastest"
async def fastest(urls):
    pending = {asyncio.create_task(fetch(url)) for url in urls}
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.exception() is None:
                return task.result()
