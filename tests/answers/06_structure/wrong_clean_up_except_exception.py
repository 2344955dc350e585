# exercise: clean_up
# expect: fails
# test: clean_up_check
# message: its connection never closed

# %% answer="clean_up"
async def record(line, tape):
    await line.open()
    try:
        await asyncio.to_thread(tape.run)
    except Exception:
        tape.stop()
        await line.close()
        raise
