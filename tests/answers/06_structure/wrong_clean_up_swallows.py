# exercise: clean_up
# expect: fails
# test: clean_up_check
# message: it must stay cancelled

# %% answer="clean_up"
async def record(line, tape):
    await line.open()
    thread = asyncio.ensure_future(asyncio.to_thread(tape.run))
    try:
        await asyncio.shield(thread)
    except asyncio.CancelledError:
        pass
    tape.stop()
    await thread
    await line.close()
