# exercise: steady
# expect: passes
# test: steady_visible

# %% answer="steady"
import aiosqlite
import httpx

TLS = httpx.create_ssl_context()


async def fight(ctx, monster):
    """Two libraries with an await of their own."""
    async with httpx.AsyncClient(verify=TLS) as client:
        strength = (await client.get(f"{HALL.url}/{monster}")).json()["strength"]
    async with aiosqlite.connect(HALL.path, timeout=5) as db:
        book = "UPDATE xp SET points = points + ? WHERE name = ?"
        await db.execute(book, (strength, ctx.author.name))
        await db.commit()
    await ctx.send(f"{ctx.author.name} beats {monster}: {strength} points")
