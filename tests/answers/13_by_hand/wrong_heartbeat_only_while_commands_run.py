# exercise: heartbeat
# expect: fails
# test: heartbeat_check
# message: While no command ran, the loop was free

# %% answer="heartbeat"
class Client(Line):
    """Sends heartbeats while a command runs, because then nothing else is sent."""

    async def heart(self, ws, interval):
        self.running, first = set(), True
        await asyncio.sleep(interval * random.random())
        while self.acked:
            if first or self.running:
                self.acked = first = False
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
                    task = asyncio.create_task(self.command(payload["d"]["content"]))
                    self.running.add(task)
                    task.add_done_callback(self.running.discard)
        await asyncio.gather(*self.running)
