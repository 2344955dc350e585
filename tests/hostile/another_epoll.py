# The loop's thread waits in an epoll, as an idle loop does, but in one of its own.
# with: denies_its_blocks

# %%
import select

tried()


# %% answer="roll"


async def roll(spec):
    select.epoll().poll(0.4)
    return f"{spec}: rolled"
