# exercise: dogs
# expect: fails
# test: dogs_check
# message: connection(s) were still open 1 s after

# %% answer="dogs"
class Kennel:
    """Five connections, which stay open when the bot has ended."""

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        self.session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=5))
        return self

    async def __aexit__(self, *error):
        """The session is not closed."""

    async def dog(self, breed):
        async with self.session.get(self.url, params={"breed": breed}) as page:
            return (await page.json())["message"]
