# exercise: images
# expect: fails
# test: images_visible
# message: the loop was held

# %% answer="images"
GATES = {}


async def portrait(photo):
    """Pillow on the loop, with a breath for the heart before each photo."""
    loop = asyncio.get_running_loop()
    async with GATES.setdefault(loop, asyncio.Lock()):
        await asyncio.sleep(0.1)
        return jobs.shrink(photo)
