# A value that is nested so deeply that its reader gives up.

# %%
from autograder.report.record import Record

honest = Record.to_plain


def to_plain(record):
    return {**honest(record), "value": b"[" * 60000}


Record.to_plain = to_plain
tried()
