# exercise: repair_five
# expect: passes
# test: repair_five_dog_check

# %% answer="repair_five_dog"
async def dog(url):
    """In a thread, the blocking client."""
    page = await asyncio.to_thread(requests.get, url)
    return page.json()["message"]
