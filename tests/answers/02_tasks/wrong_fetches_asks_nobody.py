# exercise: fetches
# expect: fails
# test: fetches_visible
# message: Are all pages asked for?

# %% answer="fetches"
async def fetch_all(urls):
    """Asks nobody."""
    return ["ada is a wizard", "bo is a bard", "cy is a dragon"][: len(urls)]
