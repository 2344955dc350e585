# exercise: nightly
# expect: fails
# test: nightly_check
# message: `seal` was called on the loop

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
        try:
            scores = await self.site.scores()
            await self.site.put_up(await asyncio.to_thread(seal(scores)))
        except Exception as error:
            await self.complain(error)
