# exercise: four_jobs
# expect: fails
# test: four_jobs_photo_check
# message: pixels; expected

# %% answer="four_jobs_photo"
async def small_picture(photo):
    """Back goes what came."""
    return photo
