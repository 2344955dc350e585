# exercise: heartbeat
# expect: passes

# %% answer="heartbeat"
class Client(Line):
    """Beats are due at fixed times; commands are tasks that are kept in a set."""

    async def heart(self, ws, interval):
        loop = asyncio.get_running_loop()
        due = loop.time() + random.uniform(0, interval)
        while True:
            await asyncio.sleep(due - loop.time())
            if not self.acked:
                return
            self.acked = False
            await ws.send_json({"op": 1, "d": self.sequence})
            due += interval

    async def read(self, ws):
        tasks = set()
        while (frame := await ws.receive()).type is aiohttp.WSMsgType.TEXT:
            payload = json.loads(frame.data)
            if payload["op"] == 11:
                self.acked = True
            elif payload["op"] == 0:
                self.sequence = payload["s"]
                if payload["t"] == "MESSAGE_CREATE":
                    tasks.add(asyncio.create_task(self.command(payload["d"]["content"])))
        await asyncio.gather(*tasks)
