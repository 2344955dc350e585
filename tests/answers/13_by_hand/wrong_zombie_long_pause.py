# exercise: zombie
# expect: fails
# test: zombie_check
# message: the limit is 1 s

# %% answer="zombie"
async def stay(web, me, command):
    """Gives the gateway time to recover, and people time to give up."""
    while not me.done:
        async with web.ws_connect(me.url) as ws:
            await converse(ws, me, resume(me) if me.session_id else identify(me), command)
        await asyncio.sleep(1.6)
