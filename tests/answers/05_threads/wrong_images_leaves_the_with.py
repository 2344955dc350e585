# exercise: images
# expect: fails
# test: images_visible
# message: the loop was held

# %% answer="images"
async def portrait(photo):
    """The `with` ends before the `await` begins."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor() as pool:
        picture = loop.run_in_executor(pool, jobs.shrink, photo)
    return await picture
