"""Creates nbgrader's gradebook, and writes into it in one transaction."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

UNSAFE_NAME = (
    "the student's name {!r} has characters that nbgrader would write into its pages as markup: "
    "give the folder in submitted/ a name of letters, digits, and signs such as . _ - @ or a space"
)


@contextlib.contextmanager
def one_transaction(book: Any) -> Iterator[None]:
    """Commit all that is written into a gradebook at the end of the block, or nothing."""
    session = book.db
    session.commit = session.flush
    try:
        yield
    finally:
        del session.commit
    session.commit()


def create(url: str, course: str) -> None:
    """Make the gradebook if there is none. A SQLite file appears only when it is complete."""
    from nbgrader.api import Gradebook

    path = Path(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or path.exists():
        Gradebook(url, course).close()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        Gradebook(f"sqlite:///{new}", course).close()
        os.replace(new, path)
    finally:
        new.unlink(missing_ok=True)
