# exercise: fastest
# expect: fails
# test: fastest_check
# message: took it for the answer

# %% answer="fastest"
async def fastest(urls):
    tasks = [asyncio.create_task(fetch(url)) for url in urls]
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    return done.pop().result()
