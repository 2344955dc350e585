# exercise: dogs
# expect: passes

# %% answer="dogs"
class Kennel:
    """httpx: one client for all, with nothing set but the number of connections."""

    def __init__(self, url):
        self.url = url
        self.client = httpx.AsyncClient(limits=httpx.Limits(max_connections=5))

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.client.aclose()

    async def dog(self, breed):
        return (await self.client.get(self.url, params={"breed": breed})).json()["message"]
