# exercise: repair_five
# expect: passes
# test: repair_five_archive_check

# %% answer="repair_five_archive"
async def archive(path):
    """Step by step, each in a thread."""
    content = await asyncio.to_thread(Path(path).read_bytes)
    packed = await asyncio.to_thread(lzma.compress, content)
    await asyncio.to_thread(Path(path + ".xz").write_bytes, packed)
    return len(packed)
