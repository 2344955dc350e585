# exercise: dogs
# expect: fails
# test: dogs_check
# message: never saw more than 1 of 5

# %% answer="dogs"
class Kennel:
    """One connection is at most five, and 49 people wait for it."""

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=1))
        return self

    async def __aexit__(self, *error):
        await self.session.close()

    async def dog(self, breed):
        async with self.session.get(self.url, params={"breed": breed}) as page:
            return (await page.json())["message"]
