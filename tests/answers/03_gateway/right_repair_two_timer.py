# exercise: repair_two
# expect: passes

# %% answer="repair_two_remind"
async def remind(ctx, seconds: float, *, what: str):
    """A future that the loop's timer resolves: what asyncio.sleep does inside."""
    loop = asyncio.get_running_loop()
    due = loop.create_future()
    loop.call_later(seconds, due.set_result, None)
    await due
    await ctx.send(f"{ctx.author.name}: {what}")


# %% answer="repair_two_countdown"
async def countdown(ctx, count: int):
    """A bell that never rings, and a timeout around it: this one the loop can ring."""
    bell = asyncio.Event()
    for number in range(count, 0, -1):
        await ctx.send(str(number))
        with suppress(TimeoutError):
            await asyncio.wait_for(bell.wait(), timeout=0.5)
    await ctx.send("go!")
