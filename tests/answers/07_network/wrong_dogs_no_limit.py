# exercise: dogs
# expect: fails
# test: dogs_check
# message: connections for

# %% answer="dogs"
class Kennel:
    """One session, which opens up to a hundred connections."""

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        self.session = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *error):
        await self.session.close()

    async def dog(self, breed):
        async with self.session.get(self.url, params={"breed": breed}) as page:
            return (await page.json())["message"]
