# exercise: images
# expect: fails
# test: images_visible
# message: it does not show the photo

# %% answer="images"
async def portrait(photo):
    """The right size, and nobody on it."""
    small = Image.open(io.BytesIO(await asyncio.to_thread(jobs.shrink, photo)))
    square = io.BytesIO()
    Image.new("RGB", small.size, "grey").save(square, "PNG")
    return square.getvalue()
