# exercise: zombie
# expect: fails
# test: zombie_check
# message: had no session yet

# %% answer="zombie"
async def stay(web, me, command):
    """Asks for a session that it never had."""
    while not me.done:
        async with web.ws_connect(me.url) as ws:
            await converse(ws, me, resume(me), command)
