# exercise: heartbeat
# expect: fails
# message: the bot itself stopped sending heartbeats

# %% answer="heartbeat"
class Client:
    """One coroutine for everything: no beat while a command runs."""

    def __init__(self, token, command):
        self.token, self.command = token, command
        self.sequence, self.acked = None, True

    async def talk(self, ws):
        interval = (await ws.receive_json())["d"]["heartbeat_interval"] / 1000
        await ws.send_json({"op": 2, "d": {"token": self.token, "intents": 33281, "properties": {}}})
        both = [asyncio.create_task(part) for part in (self.heart(ws, interval), self.read(ws))]
        done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        await ws.close(code=4000)  # does nothing when it is closed already
        both[0].cancel()
        for part in done:
            with suppress(ConnectionError):  # a beat may have come just after the end
                part.result()

    async def heart(self, ws, interval):
        await asyncio.Event().wait()  # `read` does it

    async def read(self, ws):
        due = time.monotonic() + 0.25 * random.random()
        while True:
            try:
                frame = await ws.receive(timeout=max(0.001, due - time.monotonic()))
            except TimeoutError:
                await ws.send_json({"op": 1, "d": self.sequence})
                due += 0.25
                continue
            if frame.type is not aiohttp.WSMsgType.TEXT:
                return
            payload = frame.json()
            if payload["t"] == "MESSAGE_CREATE":
                await self.command(payload["d"]["content"])
