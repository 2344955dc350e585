# exercise: repair_two
# expect: passes

# %% answer="repair_two_remind"
async def remind(ctx, seconds: float, *, what: str):
    """The word that the lesson changed."""
    await asyncio.sleep(seconds)
    await ctx.send(f"{ctx.author.name}: {what}")


# %% answer="repair_two_countdown"
async def countdown(ctx, count: int):
    """Counting down with a while; discord.py makes a text of the number."""
    while count:
        await ctx.send(count)
        count -= 1
        await asyncio.sleep(0.5)
    await ctx.send("go!")
