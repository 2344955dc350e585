# Instead of a value comes a call out of time that had waited for a CPU.

# %%
from autograder.report.record import Record

honest = Record.to_plain


def to_plain(record):
    return {
        **honest(record),
        "blocks": [],
        "error": ("TimeoutError", "did not find anything wrong", "", 0),
        "outcome": "timed out",
        "seconds": 2.0,
        "starved": 1.9,
        "value": None,
    }


Record.to_plain = to_plain
tried()
