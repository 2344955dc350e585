# exercise: repair_two
# expect: fails
# test: repair_two_remind_check
# message: Await the sleep

# %% answer="repair_two_remind"
async def remind(ctx, seconds: float, *, what: str):
    """The sleep goes on somewhere, and nobody waits for it."""
    asyncio.create_task(asyncio.sleep(seconds))
    await ctx.send(f"{ctx.author.name}: {what}")
