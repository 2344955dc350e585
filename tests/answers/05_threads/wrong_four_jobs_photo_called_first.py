# exercise: four_jobs
# expect: fails
# test: four_jobs_photo_check
# message: after a comma, its arguments

# %% answer="four_jobs_photo"
async def small_picture(photo):
    """Shrinks the photo here, and gives the picture to the thread."""
    return await asyncio.to_thread(jobs.shrink(photo))
