"""The evidence for each grade, in a file next to the graded notebook; `why` shows it.

Nothing in it is read from the submission, except for its digest. It comes from the examiner, the
worker and the gradebook.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from autograder.grading.examination.cells import Cell, CellOutcome, Examined
from autograder.grading.examination.files import files_below
from autograder.grading.examination.provenance import Surroundings

SUFFIX = ".examined.json"
_NOT_EVIDENCE = {"outputs", "block"}  # the notebook has the outputs; for the block see `_about`

Evidence = dict[str, Any]


def of(
    cells: Sequence[Cell],
    examined: Examined,
    where: Surroundings,
    *,
    repaired: Sequence[str],
    submission: str,
) -> Evidence:
    """Return the evidence for the grades of a notebook, as JSON data.

    The graded notebook has the same "examination" id, which shows that the two belong together.
    """
    tests = {cell.index: cell for cell in cells if cell.role == "test"}
    return {
        "examination": secrets.token_hex(8),
        "examined": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "seconds": round(examined.seconds, 3),
        "restarts": examined.restarts,
        "jail": list(examined.layers),
        "surroundings": asdict(where),
        "repaired": list(repaired),
        "submission": submission,
        "seed": examined.seed,
        "cells": {
            cell.name: {**_about(examined.seen[index]), "test": digest(cell.source.encode())}
            for index, cell in tests.items()
            if index in examined.seen
        },
    }


def read(path: Path) -> Evidence:
    """Return the evidence in a file; empty when the file is missing or not complete."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    whole = isinstance(content, dict) and isinstance(content.get("cells"), dict)
    return content if whole else {}


def seed_of(path: Path, submission: str) -> str:
    """Return the seed of the evidence in a file; "" when it is about another submission.

    A submission that is graded again meets the same draws, and so gets the same points.
    """
    found = read(path)
    return str(found.get("seed", "")) if found.get("submission") == submission else ""


def written(evidence: Evidence) -> bytes:
    """Return the evidence as the content of a file."""
    return (json.dumps(evidence, indent=1, ensure_ascii=False) + "\n").encode()


def digest(content: bytes) -> str:
    """Return the digest of a file or of a cell: each version has its own."""
    return hashlib.sha256(content).hexdigest()


def of_submission(folder: Path, unit: str, ignore: Sequence[str]) -> str:
    """Return the digest of a submission: each version has its own.

    It covers the notebook and the files next to it. The grade may depend on a file that the
    notebook imports, and the late penalty depends on timestamp.txt. Raises OSError when there is no
    notebook, and UserMistake for files that are too large.
    """
    notebook = digest((folder / f"{unit}.ipynb").read_bytes())
    files = files_below(folder, ignore)
    if not files:
        return notebook
    lines = [notebook, *(f"{digest(files[name])} {name}" for name in sorted(files))]
    return digest("\n".join(lines).encode(errors="surrogateescape"))


def _about(seen: CellOutcome) -> dict[str, Any]:
    """The outcome of a test without its outputs, as JSON data."""
    block = seen.block
    said = {one.name: getattr(seen, one.name) for one in fields(seen)}
    return {
        **{name: _plain(value) for name, value in said.items() if name not in _NOT_EVIDENCE},
        "longest_block": seen.longest_block,
        "kind": block.kind if block else "",
        "file": block.file if block else "",
        "line": block.line if block else 0,
        "code": block.code if block else "",
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
