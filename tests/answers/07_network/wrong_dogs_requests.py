# exercise: dogs
# expect: fails
# test: dogs_check
# message: requests.get(self.url

# %% answer="dogs"
class Kennel:
    """One connection at a time, and the loop stands still for each."""

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        pass

    async def dog(self, breed):
        return requests.get(self.url, params={"breed": breed}).json()["message"]
