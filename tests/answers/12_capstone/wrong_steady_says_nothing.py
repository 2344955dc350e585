# exercise: steady
# expect: fails
# test: steady_visible
# message: lines got no answer

# %% answer="steady"
async def fight(ctx, monster):
    """The loop has never been so free."""
