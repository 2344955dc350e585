# exercise: steady
# expect: fails
# test: steady_visible
# message: First write the points, then answer.

# %% answer="steady"
BOOKING = set()


async def fight(ctx, monster):
    """The points are booked some day; the answer does not wait for it."""
    async with HALL.session.get(f"{HALL.url}/{monster}") as page:
        strength = (await page.json())["strength"]
    task = asyncio.create_task(asyncio.to_thread(add_points, HALL.path, ctx.author.name, strength))
    BOOKING.add(task)
    task.add_done_callback(BOOKING.discard)
    await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")
