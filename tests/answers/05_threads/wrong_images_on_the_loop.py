# exercise: images
# expect: fails
# message: No heartbeat could leave

# %% answer="images"
async def portrait(photo):
    """As it is: ten pictures, one after the other, and no heart in between."""
    return jobs.shrink(photo)
