# exercise: names
# expect: fails
# message: was expected

# %% answer="names"
async def look_up(names, server):
    """All of them live here."""
    return {name: "127.0.0.1" for name in names}
