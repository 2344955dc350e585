# exercise: dogs
# expect: fails
# test: dogs_check
# message: the loop was held

# %% answer="dogs"
class Kennel:
    """The blocking half of an async library."""

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        pass

    async def dog(self, breed):
        return httpx.get(self.url, params={"breed": breed}).json()["message"]
