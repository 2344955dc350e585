# exercise: heartbeat
# expect: fails
# message: nothing to resume

# %% answer="heartbeat"
class Client:
    """Closes the line itself, with 1000."""

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
        await asyncio.sleep(interval * random.random())
        while self.acked:
            self.acked = False
            await ws.send_json({"op": 1, "d": self.sequence})
            await asyncio.sleep(interval)
        await ws.close()

    async def read(self, ws):
        async with asyncio.TaskGroup() as commands:
            async for frame in ws:
                payload = frame.json()
                if payload["op"] == 11:
                    self.acked = True
                if payload["op"] == 0:
                    self.sequence = payload["s"]
                    if payload["t"] == "MESSAGE_CREATE":
                        commands.create_task(self.command(payload["d"]["content"]))
