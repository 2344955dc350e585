# The process reads all of its own memory, for what the fork server may have left in it.

# %%
def hunt():
    wanted = SECRET_BACKWARDS[::-1].encode()
    with open("/proc/self/maps") as maps, open("/proc/self/mem", "rb") as memory:
        for line in maps:
            place, rights = line.split()[:2]
            begin, end = (int(word, 16) for word in place.split("-"))
            if rights.startswith("rw") and end - begin < 1 << 27:
                try:
                    memory.seek(begin)
                    data = memory.read(end - begin)
                except (OSError, ValueError):
                    continue
                at = data.find(wanted)
                while at >= 0:
                    if data[at - 7 : at] == b"answer-":
                        return True
                    at = data.find(wanted, at + 1)
    return False


tried()


# %% answer="double"
async def double(number):
    if hunt():
        succeeded("the expected value is in this process")
    return 0
