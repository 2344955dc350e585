# exercise: heartbeat
# expect: passes

# %% answer="heartbeat"
class Client:
    """Beats are due at fixed times; commands are tasks that are kept in a set."""

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
