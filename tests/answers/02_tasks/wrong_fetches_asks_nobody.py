# exercise: fetches
# expect: fails
# test: fetches_visible
# message: Request every page

# %% answer="fetches"
async def fetch_all(urls):
    """Asks nobody."""
    return ["ada is a wizard", "bo is a bard", "cy is a dragon"][: len(urls)]
