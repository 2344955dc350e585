# exercise: repair_five
# expect: fails
# test: repair_five_archive_check
# message: does not contain the whole log

# %% answer="repair_five_archive"
async def archive(path):
    """A small archive, quickly made, of nothing."""
    packed = lzma.compress(b"")
    Path(path + ".xz").write_bytes(packed)
    return len(packed)
