# exercise: clean_up
# expect: fails
# test: clean_up_check
# message: there was ['cancel']

# %% answer="clean_up"
async def record(line, tape):
    await asyncio.sleep(9)
