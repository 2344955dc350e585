# exercise: lag_meter
# expect: passes

# %% answer="lag_meter"
async def lag_meter(seconds, period):
    """All timers are set at the beginning; each notes how late it was."""
    loop = asyncio.get_running_loop()
    start, lateness = loop.time(), {}
    done, last = loop.create_future(), round(seconds / period)

    def tick(number):
        lateness[number] = loop.time() - (start + number * period)
        if number == last:
            done.set_result(None)

    for number in range(1, last + 1):
        loop.call_at(start + number * period, tick, number)
    await done
    return [lateness[number] for number in sorted(lateness)]
