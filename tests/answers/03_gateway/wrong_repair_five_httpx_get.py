# exercise: repair_five
# expect: fails
# test: repair_five_dog_check
# message: httpx.get(url)

# %% answer="repair_five_dog"
import httpx


async def dog(url):
    """An async library's blocking function."""
    return httpx.get(url).json()["message"]
