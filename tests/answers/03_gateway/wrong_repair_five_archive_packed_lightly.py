# exercise: repair_five
# expect: fails
# test: repair_five_archive_check
# message: the loop was held

# %% answer="repair_five_archive"
async def archive(path):
    """On the loop, with the quickest preset: a short log takes less than 100 ms."""
    packed = lzma.compress(Path(path).read_bytes(), preset=0)
    Path(path + ".xz").write_bytes(packed)
    return len(packed)
