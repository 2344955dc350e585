# exercise: dogs
# expect: fails
# test: dogs_check
# message: the server saw

# %% answer="dogs"
class Kennel:
    """Five at a time, and a connection for each of the fifty."""

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        self.gate = asyncio.Semaphore(5)
        return self

    async def __aexit__(self, *error):
        pass

    async def dog(self, breed):
        async with self.gate, aiohttp.ClientSession() as session:
            async with session.get(self.url, params={"breed": breed}) as page:
                return (await page.json())["message"]
