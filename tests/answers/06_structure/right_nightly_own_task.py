# exercise: nightly
# expect: passes

# %% answer="nightly"
from discord.ext import commands


class Nights(commands.Cog):
    def __init__(self, site, complain):
        self.site, self.complain = site, complain

    async def cog_load(self):
        self.task = asyncio.create_task(self.nights())

    async def cog_unload(self):
        self.task.cancel()
        await asyncio.wait([self.task])

    async def nights(self):
        """No `tasks.loop` at all."""
        while True:
            try:
                scores = await self.site.scores()
                await self.site.put_up(await asyncio.to_thread(seal, scores))
            except (ValueError, TypeError) as error:
                await self.complain(error)
            await asyncio.sleep(INTERVAL)
