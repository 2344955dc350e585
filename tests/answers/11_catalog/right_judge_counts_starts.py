# exercise: judge_three
# expect: passes

# %% answer="judge_three"


async def judge(fetch, url):
    """Threads are counted as they start; the loop is measured by a timer on a fixed schedule."""
    loop, real, started, late = asyncio.get_running_loop(), threading.Thread.start, [], [0.0]

    def counted(thread):
        started.append(thread)
        return real(thread)

    def tick(due):
        late.append(loop.time() - due)
        timer[0] = loop.call_at(due + 0.02, tick, due + 0.02)

    timer = [loop.call_soon(tick, loop.time())]
    threading.Thread.start = counted
    try:
        await fetch(url)
        await asyncio.sleep(0.05)
    finally:
        threading.Thread.start = real
        timer[0].cancel()
    held = max(late)
    return ("blocks" if held > 0.1 else "threads" if started else "async"), held
