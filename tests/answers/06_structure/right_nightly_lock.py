# exercise: nightly
# expect: passes

# %% answer="nightly"
from discord.ext import commands, tasks


class Nights(commands.Cog):
    def __init__(self, site, complain):
        self.site, self.complain = site, complain
        self.lock, self.running = asyncio.Lock(), set()

    async def cog_load(self):
        self.night.start()

    async def cog_unload(self):
        self.night.cancel()
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)

    @tasks.loop(seconds=INTERVAL)
    async def night(self):
        task = asyncio.create_task(self.one())
        self.running.add(task)
        task.add_done_callback(self.running.discard)

    async def one(self):
        async with self.lock:
            try:
                scores = await self.site.scores()
                await self.site.put_up(await asyncio.to_thread(seal, scores))
            except Exception as error:
                await self.complain(error)
