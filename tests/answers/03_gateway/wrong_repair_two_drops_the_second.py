# exercise: repair_two
# expect: fails
# test: repair_two_remind_check
# message: A person got no answer

# %% answer="repair_two_remind"
busy = []


async def remind(ctx, seconds: float, *, what: str):
    """One reminder at a time; who comes second is not served."""
    if busy:
        return
    busy.append(ctx.author.name)
    await asyncio.sleep(seconds)
    busy.clear()
    await ctx.send(f"{ctx.author.name}: {what}")
