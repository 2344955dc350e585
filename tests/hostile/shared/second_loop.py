# %% answer="roll"
async def roll(spec):
    line, outer = pulse(), asyncio.get_running_loop()
    asyncio._set_running_loop(None)
    inner = asyncio.new_event_loop()

    def answer():
        os.write(line.fileno(), line.recv(16))

    inner.add_reader(line.fileno(), answer)
    inner.run_until_complete(asyncio.sleep(0.7))
    inner.close()
    asyncio._set_running_loop(outer)
    return f"{spec}: rolled"
