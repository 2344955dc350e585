# exercise: nightly
# expect: passes

# %% answer="nightly"
from discord.ext import commands, tasks


class Nights(commands.Cog):
    def __init__(self, site, complain):
        self.site, self.complain = site, complain

    async def cog_load(self):
        self.night.start()

    async def cog_unload(self):
        self.night.cancel()

    @tasks.loop(seconds=INTERVAL)
    async def night(self):
        scores = await self.site.scores()
        await self.site.put_up(await asyncio.to_thread(seal, scores))

    @night.error
    async def failed(self, error):
        await self.complain(error)
        await asyncio.sleep(INTERVAL)
        self.night.restart()
