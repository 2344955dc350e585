# exercise: repair_five
# expect: fails
# test: repair_five_dog_check
# message: you need brackets: `(await page.json())

# %% answer="repair_five_dog"
async def dog(url):
    """The JSON comes in the body, and that has not been read yet."""
    async with aiohttp.ClientSession() as session, session.get(url) as page:
        data = page.json()
        return data["message"]
