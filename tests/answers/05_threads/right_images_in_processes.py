# exercise: images
# expect: passes
# test: images_visible

# %% answer="images"
PICTURES = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


async def portrait(photo):
    """Processes do as well; a photo is small enough to travel."""
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(PICTURES, jobs.shrink, photo)
