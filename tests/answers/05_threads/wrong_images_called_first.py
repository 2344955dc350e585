# exercise: images
# expect: fails
# test: images_visible
# message: after a comma

# %% answer="images"
async def portrait(photo):
    """`shrink` is called here, and its result is sent to the thread."""
    return await asyncio.to_thread(jobs.shrink(photo))
