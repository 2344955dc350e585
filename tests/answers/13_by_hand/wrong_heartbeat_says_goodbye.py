# exercise: heartbeat
# expect: fails
# test: heartbeat_check
# message: nothing to resume

# %% answer="heartbeat"
class Client(Line):
    """Closes the line itself, with 1000."""

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
