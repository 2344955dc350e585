# exercise: steady
# expect: fails
# test: steady_visible
# message: Look for what makes one command wait for another

# %% answer="steady"
ONE = asyncio.Lock()


async def fight(ctx, monster):
    """One lock around everything: safe, and as slow as it gets."""
    async with ONE:
        async with HALL.session.get(f"{HALL.url}/{monster}") as page:
            strength = (await page.json())["strength"]
        await asyncio.to_thread(add_points, HALL.path, ctx.author.name, strength)
    await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")
