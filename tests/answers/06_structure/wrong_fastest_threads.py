# exercise: fastest
# expect: fails
# test: fastest_check
# message: still at work

# %% answer="fastest"
async def fastest(urls):
    def get(url):
        page = requests.get(url, timeout=5)
        page.raise_for_status()
        return page.json()

    tasks = [asyncio.create_task(asyncio.to_thread(get, url)) for url in urls]
    try:
        for answer in asyncio.as_completed(tasks):
            with suppress(requests.RequestException):
                return await answer
    finally:
        for task in tasks:
            task.cancel()  # the tasks, but not the threads
