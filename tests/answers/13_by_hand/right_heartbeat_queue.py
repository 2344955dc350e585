# exercise: heartbeat
# expect: passes

# %% answer="heartbeat"
class Client(Line):
    """A worker takes commands from a queue; the heart compares counts of beats and ACKs."""

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
