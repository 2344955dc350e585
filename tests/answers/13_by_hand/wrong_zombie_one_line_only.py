# exercise: zombie
# expect: fails
# test: zombie_check
# message: did not come back

# %% answer="zombie"
async def stay(web, me, command):
    """Does not come back."""
    async with web.ws_connect(me.url) as ws:
        await converse(ws, me, identify(me), command)
