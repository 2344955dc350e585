# exercise: images
# expect: passes
# test: images_visible

# %% answer="images"
PICTURES = ThreadPoolExecutor(2, thread_name_prefix="pictures")


async def portrait(photo):
    """A pool of its own, as wide as a small machine."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(PICTURES, jobs.shrink, photo)
