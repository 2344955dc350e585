# exercise: repair_two
# expect: fails
# test: repair_two_countdown_check
# message: the loop was held for

# %% answer="repair_two_countdown"
async def countdown(ctx, count: int):
    """A background task that blocks is still on the loop."""

    async def count_down():
        for number in range(count, 0, -1):
            await ctx.send(str(number))
            time.sleep(0.5)
        await ctx.send("go!")

    ctx.bot.counting = asyncio.create_task(count_down())
