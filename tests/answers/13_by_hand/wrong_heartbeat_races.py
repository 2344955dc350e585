# exercise: heartbeat
# expect: fails
# test: heartbeat_check
# message: expected one per

# %% answer="heartbeat"
class Client(Line):
    """Beats ten times as often, to be on the safe side."""

    async def heart(self, ws, interval):
        await asyncio.sleep(interval * random.random())
        while not ws.closed:
            await ws.send_json({"op": 1, "d": self.sequence})
            await asyncio.sleep(interval / 10)

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
