# exercise: heartbeat
# expect: fails
# test: heartbeat_check
# message: While `!recap` ran, the loop was free

# %% answer="heartbeat"
class Client(Line):
    """One coroutine for everything: no beat while a command runs."""

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
