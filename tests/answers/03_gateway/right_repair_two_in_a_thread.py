# exercise: repair_two
# expect: passes

# %% answer="repair_two_remind"
async def remind(ctx, seconds: float, *, what: str):
    """The sleep stays what it was; a thread sleeps it."""
    await asyncio.to_thread(time.sleep, seconds)
    await ctx.send(f"{ctx.author.name}: {what}")


# %% answer="repair_two_countdown"
async def countdown(ctx, count: int):
    """The loop's own executor."""
    loop = asyncio.get_running_loop()
    for text in [*map(str, range(count, 0, -1)), "go!"]:
        await ctx.send(text)
        if text != "go!":
            await loop.run_in_executor(None, time.sleep, 0.5)
