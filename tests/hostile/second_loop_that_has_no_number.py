# A second loop answers the knocks, and the first one is said to have no epoll.
# with: finds_the_pulse

# %%
import asyncio
import os

from autograder.grading.examination import candidate

tried()


def let_it_answer(line):
    asyncio.get_running_loop().add_reader(line.fileno(), candidate._answer, line)
    line.send(candidate.HELLO + b"-1")


candidate._let_it_answer = let_it_answer


# %% answer="roll"
async def roll(spec):
    line, outer = pulse(), asyncio.get_running_loop()
    asyncio._set_running_loop(None)
    inner = asyncio.new_event_loop()

    def answer():
        os.write(line.fileno(), line.recv(16))

    inner.add_reader(line.fileno(), answer)
    inner.run_until_complete(asyncio.sleep(0.7))
    inner.close()
    asyncio._set_running_loop(outer)
    return f"{spec}: rolled"
