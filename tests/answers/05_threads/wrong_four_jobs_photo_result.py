# exercise: four_jobs
# expect: fails
# test: four_jobs_photo_check
# message: the loop was held

# %% answer="four_jobs_photo"
pool = ThreadPoolExecutor(2)


async def small_picture(photo):
    """In a thread, and then waited for with this one."""
    return pool.submit(jobs.shrink, photo).result()
