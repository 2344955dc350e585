# exercise: dogs
# expect: fails
# test: dogs_check
# message: ; expected

# %% answer="dogs"
class Kennel:
    """Asks nobody."""

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        return self

    async def __aexit__(self, *error):
        pass

    async def dog(self, breed):
        return f"{breed}.jpg"
