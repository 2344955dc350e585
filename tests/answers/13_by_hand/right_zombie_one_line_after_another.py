# exercise: zombie
# expect: passes

# %% answer="zombie"
async def stay(web, me, command):
    """Says who it is by whether it has a session; the line is closed by hand."""
    while True:
        ws = await web.ws_connect(me.url)
        try:
            await converse(ws, me, identify(me) if me.session_id == "" else resume(me), command)
        finally:
            await ws.close(code=4000)
        if me.done:
            return
