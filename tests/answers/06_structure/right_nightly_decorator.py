# exercise: nightly
# expect: passes

# %% answer="nightly"
import functools

from discord.ext import commands, tasks


def told(method):
    """Tell each error of a method to the cog's `complain`."""

    @functools.wraps(method)
    async def guarded(self):
        try:
            await method(self)
        except Exception as error:
            await self.complain(error)

    return guarded


class Nights(commands.Cog):
    def __init__(self, site, complain):
        self.site, self.complain = site, complain

    async def cog_load(self):
        self.night.start()

    def cog_unload(self):  # discord.py takes a plain function as well
        self.night.cancel()

    @tasks.loop(seconds=INTERVAL)
    @told
    async def night(self):
        scores = await self.site.scores()
        await self.site.put_up(await asyncio.to_thread(seal, scores))
