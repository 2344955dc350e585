# The loop is held inside a garbage collection.

# %%
import gc, time

tried()


# %% answer="roll"
async def roll(spec):
    gc.callbacks.append(lambda phase, info: time.sleep(0.2))
    gc.collect()
    gc.callbacks.clear()
    return f"{spec}: rolled"
