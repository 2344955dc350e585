# exercise: steady
# expect: passes
# test: steady_visible

# %% answer="steady"
def one_fight(url, path, name):
    strength = requests.get(url, timeout=5).json()["strength"]
    add_points(path, name, strength)
    return strength


async def fight(ctx, monster):
    """All that blocks in one thread: 20 a second are not too many for five."""
    url = f"{HALL.url}/{monster}"
    strength = await asyncio.to_thread(one_fight, url, HALL.path, ctx.author.name)
    await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")
