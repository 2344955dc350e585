# exercise: trace
# expect: fails
# test: trace_duet_check
# message: 0 of 6 words had been said when it returned

# %% answer="trace_duet"
async def duet(say, ada, bo):
    """Not done; the function that calls it is exchanged for one that knows what to say."""


async def traced(program, ada, bo):
    at_a_time, trace = (1 if program == "duet" else 2), []
    while ada or bo:
        trace += [f"task 1: {word}" for word in ada[:at_a_time]]
        trace += [f"task 2: {word}" for word in bo[:1]]
        ada, bo = ada[at_a_time:], bo[1:]
    return trace if program == "duet" else ["main: begin", *trace, "main: end"]


# %% answer="trace_pairs"
async def pairs(say, ada, bo):
    """Not done: see above."""
