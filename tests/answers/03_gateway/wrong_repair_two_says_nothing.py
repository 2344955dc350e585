# exercise: repair_two
# expect: fails
# test: repair_two_countdown_check
# message: people read

# %% answer="repair_two_countdown"
async def countdown(ctx, count: int):
    """Nothing blocks where nothing is done."""
