# exercise: heartbeat
# expect: fails
# test: heartbeat_check
# message: A client closed its connection itself

# %% answer="heartbeat"
class Client(Line):
    """Waits for each command, so it does not read the ACKs meanwhile."""

    async def heart(self, ws, interval):
        await asyncio.sleep(interval * random.random())
        while self.acked:
            self.acked = False
            await ws.send_json({"op": 1, "d": self.sequence})
            await asyncio.sleep(interval)

    async def read(self, ws):
        async for frame in ws:
            payload = frame.json()
            if payload["op"] == 11:
                self.acked = True
            if payload["op"] == 0:
                self.sequence = payload["s"]
                if payload["t"] == "MESSAGE_CREATE":
                    await self.command(payload["d"]["content"])
