# exercise: clean_up
# expect: fails
# test: clean_up_check
# message: its connection never closed

# %% answer="clean_up"
async def record(line, tape):
    async def all_of_it():
        await line.open()
        await asyncio.to_thread(tape.run)
        await line.close()

    await asyncio.shield(asyncio.create_task(all_of_it()))
