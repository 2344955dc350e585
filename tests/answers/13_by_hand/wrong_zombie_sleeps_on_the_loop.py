# exercise: zombie
# expect: fails
# test: zombie_check
# message: time.sleep(0.5)

# %% answer="zombie"
async def stay(web, me, command):
    """A pause for everybody."""
    while not me.done:
        async with web.ws_connect(me.url) as ws:
            await converse(ws, me, resume(me) if me.session_id else identify(me), command)
        time.sleep(0.5)
