# exercise: images
# expect: fails
# test: images_visible
# message: The bot could not send its heartbeat

# %% answer="images"
async def portrait(photo):
    """As it is: ten pictures, one after the other, and no heart in between."""
    return jobs.shrink(photo)
