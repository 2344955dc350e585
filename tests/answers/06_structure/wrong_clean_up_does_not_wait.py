# exercise: clean_up
# expect: fails
# test: clean_up_check
# message: when the tape has ended

# %% answer="clean_up"
async def record(line, tape):
    await line.open()
    try:
        await asyncio.to_thread(tape.run)
    finally:
        tape.stop()
        await line.close()
