"""What nbgrader says while it works: its exceptions only say "see above", in a log."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator


class Said(list[tuple[int, str]]):
    """What nbgrader logged as a warning or worse, with the level."""


@contextlib.contextmanager
def logged() -> Iterator[tuple[logging.Logger, Said]]:
    """A logger of nbgrader's own for one run, and what it says."""
    said = Said()
    handler = logging.Handler(logging.WARNING)
    handler.emit = lambda record: said.append(  # type: ignore[method-assign]
        (record.levelno, record.getMessage().strip())
    )
    log = logging.Logger("unblocked.nbgrader")  # not the root's child: nothing is printed
    log.addHandler(handler)
    with warnings.catch_warnings():
        # SQLAlchemy's about nbgrader's own models, nbformat's about a submission's cell ids
        warnings.simplefilter("ignore")
        yield log, said


def reason(said: Said, error: BaseException) -> str:
    """Of a logged traceback the line that names the exception, else nbgrader's first words."""
    errors = [text for level, text in said if level >= logging.ERROR]
    traces = [text.splitlines()[-1] for text in errors if text.startswith("Traceback")]
    found = [*traces, *errors, *(text for _, text in said), str(error)][0]
    kind, colon, rest = found.partition(": ")
    return kind.rpartition(".")[2] + colon + rest if " " not in kind else found
