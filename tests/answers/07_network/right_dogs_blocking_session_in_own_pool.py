# exercise: dogs
# expect: passes

# %% answer="dogs"
class Kennel:
    """Five threads of its own, and one blocking session for all of them."""

    def __init__(self, url):
        self.url = url

    async def __aenter__(self):
        self.session = requests.Session()
        self.threads = ThreadPoolExecutor(5)
        return self

    async def __aexit__(self, *error):
        self.threads.shutdown(wait=False)
        self.session.close()

    def ask(self, breed):
        return self.session.get(self.url, params={"breed": breed}).json()["message"]

    async def dog(self, breed):
        return await asyncio.get_running_loop().run_in_executor(self.threads, self.ask, breed)
