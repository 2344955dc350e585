# exercise: heartbeat
# expect: passes

# %% answer="heartbeat"
class Client:
    """A worker takes commands from a queue; the heart compares counts of beats and ACKs."""

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
        await asyncio.sleep(random.random() * interval)
        sent = self.echoed = 0
        while sent == self.echoed:
            sent += 1
            await ws.send_str(json.dumps({"op": 1, "d": self.sequence}))
            await asyncio.sleep(interval)

    async def work(self, queue):
        while True:
            await self.command(await queue.get())
            queue.task_done()

    async def read(self, ws):
        queue = asyncio.Queue()
        working = asyncio.create_task(self.work(queue))
        async for frame in ws:
            payload = frame.json()
            if payload["op"] == 11:
                self.echoed += 1
            self.sequence = payload.get("s") or self.sequence
            if payload["t"] == "MESSAGE_CREATE":
                queue.put_nowait(payload["d"]["content"])
        await queue.join()
        working.cancel()
