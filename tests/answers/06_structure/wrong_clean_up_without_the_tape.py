# exercise: clean_up
# expect: fails
# test: clean_up_check
# message: Did `tape.run` run, in a thread, until its own end?

# %% answer="clean_up"
async def record(line, tape):
    await line.open()
    await fetch(tape.url + "/on")  # by hand, and so without a thread
    tape.running.set()
    try:
        await asyncio.Event().wait()
    finally:
        await fetch(tape.url + "/off")
        await line.close()
