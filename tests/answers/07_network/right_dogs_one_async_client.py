# exercise: dogs
# expect: passes

# %% answer="dogs"
class Kennel:
    """httpx: one client for all, whose TLS context was made before."""

    def __init__(self, url):
        self.url = url
        limits = httpx.Limits(max_connections=5)
        self.client = httpx.AsyncClient(verify=False, limits=limits)

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        await self.client.aclose()

    async def dog(self, breed):
        return (await self.client.get(self.url, params={"breed": breed})).json()["message"]
