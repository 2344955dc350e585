# exercise: clean_up
# expect: passes

# %% answer="clean_up"
async def record(line, tape):
    """A thread of its own, which sets an event of the loop at its end."""
    over, loop = asyncio.Event(), asyncio.get_running_loop()

    def run():
        try:
            tape.run()
        finally:
            loop.call_soon_threadsafe(over.set)

    await line.open()
    threading.Thread(target=run).start()
    try:
        await over.wait()
    finally:
        tape.stop()
        await over.wait()
        await line.close()
