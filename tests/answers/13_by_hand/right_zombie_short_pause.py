# exercise: zombie
# expect: passes

# %% answer="zombie"
async def stay(web, me, command):
    """The first line, and then the others, with a short breath between them."""
    async with web.ws_connect(me.url) as ws:
        await converse(ws, me, identify(me), command)
    while not me.done:
        await asyncio.sleep(0.1 * random.random())
        async with web.ws_connect(me.url) as ws:
            await converse(ws, me, resume(me), command)
