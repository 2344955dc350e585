# exercise: clean_up
# expect: fails
# message: there was []

# %% answer="clean_up"
async def record(line, tape):
    await asyncio.sleep(9)
