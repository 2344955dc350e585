# exercise: names
# expect: fails
# test: names_check
# message: ; expected

# %% answer="names"
async def look_up(names, server):
    """All of them live here."""
    return dict.fromkeys(names, "127.0.0.1")
