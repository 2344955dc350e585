# exercise: judge_three
# expect: passes

# %% answer="judge_three"
async def judge(fetch, url):
    """A witness looks from outside: how old is the loop's last beat, and who else is there?"""
    loop, over = asyncio.get_running_loop(), threading.Event()
    seen, held, last = set(), 0.0, time.monotonic()

    def beat():
        nonlocal held, last
        held, last = max(held, time.monotonic() - last), time.monotonic()

    def look():
        while not over.wait(0.01):
            seen.update(threading.enumerate())
            loop.call_soon_threadsafe(beat)

    witness = threading.Thread(target=look)
    before = {*threading.enumerate(), witness}
    witness.start()
    await fetch(url)
    await asyncio.sleep(0.03)
    over.set()
    witness.join()
    return ("blocks" if held > 0.1 else "threads" if seen - before else "async"), held
