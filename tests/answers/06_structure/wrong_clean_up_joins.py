# exercise: clean_up
# expect: fails
# test: clean_up_check
# message: the loop was held

# %% answer="clean_up"
async def record(line, tape):
    await line.open()
    thread = threading.Thread(target=tape.run)
    thread.start()
    try:
        await asyncio.Event().wait()
    finally:
        tape.stop()
        thread.join()
        await line.close()
