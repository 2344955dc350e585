# A pickle that would run code where it is read.

# %%
import os, pickle


class Trap:
    def __reduce__(self):
        return os.system, ("touch " + COURSE + "/pwned",)


tried()


# %% answer="double"
async def double(number):
    return pickle.dumps(Trap())
