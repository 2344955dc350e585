# It admits two blocks just below the limit, and holds the loop three times as long.

# %%
import dataclasses

from autograder.report.record import Block, Record

as_plain = Record.to_plain


def to_plain(record):
    claim = Block(0.0999, 0.0, "cpu", "", 0, "", "")
    record.blocks = [claim, dataclasses.replace(claim, start=0.1)]
    record.noise = []
    return as_plain(record)


Record.to_plain = to_plain
tried()


# %% answer="roll"
import asyncio
import time


async def roll(spec):
    for _ in range(3):
        end = time.thread_time() + 0.3
        while time.thread_time() < end:
            pass
        await asyncio.sleep(0.03)
    return f"{spec}: rolled"
