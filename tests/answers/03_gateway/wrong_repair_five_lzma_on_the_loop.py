# exercise: repair_five
# expect: fails
# test: repair_five_archive_check
# message: lzma.compress

# %% answer="repair_five_archive"
async def archive(path):
    """Packing in a coroutine of its own is packing on the loop."""

    async def pack():
        return lzma.compress(Path(path).read_bytes())

    packed = await pack()
    Path(path + ".xz").write_bytes(packed)
    return len(packed)
