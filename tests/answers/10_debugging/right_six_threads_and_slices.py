# exercise: six_faults
# expect: passes

# %% answer="six_faults_quote"
async def quote(urls):
    """The blocking client, one try a thread."""
    for number, url in enumerate(urls):
        if number:
            await asyncio.sleep(0.5)
        page = await asyncio.to_thread(requests.get, url)
        if page.status_code == 200:
            return page.json()["quote"]


# %% answer="six_faults_laughs"
async def laughs(words):
    """Without any pattern."""
    return [word for word in words if len(word) > 2 and word == "ha" * (len(word) // 2) + "!"]


# %% answer="six_faults_remember"
async def remember(url, line):
    """A queue in between, and a listener with a thread of its own."""
    import queue
    from logging.handlers import QueueHandler, QueueListener

    lines, log = queue.SimpleQueue(), logging.Logger("quick")
    listener = QueueListener(lines, Collector(url))
    log.addHandler(QueueHandler(lines))
    listener.start()
    log.info(line)
    await asyncio.to_thread(listener.stop)
    return len(line)


# %% answer="six_faults_votes"
async def votes(url, given):
    """The callback starts a thread's work, and the command waits for it."""
    loop, published = asyncio.get_running_loop(), []
    counting = asyncio.create_task(count(given))
    counting.add_done_callback(
        lambda task: published.append(loop.run_in_executor(None, publish, url, task.result()))
    )
    result = await counting
    await asyncio.gather(*published)
    return result


# %% answer="six_faults_sizes"
async def sizes(urls):
    """The default pool."""
    return list(await asyncio.gather(*(asyncio.to_thread(download, url) for url in urls)))


# %% answer="six_faults_total"
async def total(seed, number, effort):
    """A turn for the others after each row."""
    result = 0
    async for row in rows(seed, number, effort):
        result += row
        await asyncio.sleep(0)
    return result
