# A second loop answers the knocks, and the first one is said to have no epoll.
# with: finds_the_pulse
# with: second_loop

# %%
import asyncio
import os

from autograder.grading.examination import candidate

tried()


def let_it_answer(line):
    asyncio.get_running_loop().add_reader(line.fileno(), candidate._answer, line)
    line.send(candidate.HELLO + b"-1")


candidate._let_it_answer = let_it_answer
