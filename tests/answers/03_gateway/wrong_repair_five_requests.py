# exercise: repair_five
# expect: fails
# test: repair_five_dog_check
# message: requests.get(url)

# %% answer="repair_five_dog"
async def dog(url):
    """As it was."""
    return requests.get(url).json()["message"]
