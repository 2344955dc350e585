# exercise: clean_up
# expect: passes

# %% answer="clean_up"
async def record(line, tape):
    """`wait` does not cancel what it waits for, so that it needs no shield."""
    await line.open()
    thread = asyncio.get_running_loop().run_in_executor(None, tape.run)
    try:
        await asyncio.wait([thread])
    except asyncio.CancelledError:
        tape.stop()
        await asyncio.wait([thread])
        raise
    finally:
        await line.close()
