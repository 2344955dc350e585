# exercise: zombie
# expect: fails
# test: zombie_check
# message: RESUME the old session

# %% answer="zombie"
async def stay(web, me, command):
    """A new session for each line."""
    while not me.done:
        async with web.ws_connect(me.url) as ws:
            await converse(ws, me, identify(me), command)
