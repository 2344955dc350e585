# exercise: nightly
# expect: fails
# test: nightly_check
# message: `seal` was called on the loop

# %% answer="nightly"
from discord.ext import commands


class Nights(commands.Cog):
    def __init__(self, site, complain):
        self.site, self.complain = site, complain

    async def cog_load(self):
        self.task = asyncio.create_task(self.nights())

    async def cog_unload(self):
        self.task.cancel()

    async def nights(self):
        while True:
            try:
                await self.site.put_up(seal(await self.site.scores()))
            except Exception as error:
                await self.complain(error)
            time.sleep(INTERVAL)
