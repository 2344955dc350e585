# exercise: nightly
# expect: passes

# %% answer="nightly"
from concurrent.futures import ThreadPoolExecutor

from discord.ext import commands, tasks


class Nights(commands.Cog):
    def __init__(self, site, complain):
        self.site, self.complain = site, complain

    async def cog_load(self):
        self.pool = ThreadPoolExecutor(1)
        self.night.start()

    async def cog_unload(self):
        self.night.cancel()
        self.pool.shutdown(wait=False)

    @tasks.loop(seconds=INTERVAL)
    async def night(self):
        try:
            scores = await self.site.scores()
            loop = asyncio.get_running_loop()
            await self.site.put_up(await loop.run_in_executor(self.pool, seal, scores))
        except Exception as error:
            await self.complain(error)
