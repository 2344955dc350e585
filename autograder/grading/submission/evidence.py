"""What each grade rests on, kept beside the graded notebook, and told to who disputes it.

Nothing here is read from the submission: it comes from the examiner, the worker and the gradebook.
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
_NOT_EVIDENCE = {"outputs", "block"}  # the notebook has the outputs; of the block see `_about`

Evidence = dict[str, Any]


def of(
    cells: Sequence[Cell],
    examined: Examined,
    where: Surroundings,
    *,
    repaired: Sequence[str],
    submission: str,
) -> Evidence:
    """Return what the grades of a notebook rest on, as JSON data.

    Its "examination" is also noted in the graded notebook, so that the two can be told to belong
    together.
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
        "cells": {
            cell.name: {**_about(examined.seen[index]), "test": digest(cell.source.encode())}
            for index, cell in tests.items()
            if index in examined.seen
        },
    }


def read(path: Path) -> Evidence:
    """Return the evidence in a file; empty when there is none, or half of one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    whole = isinstance(content, dict) and isinstance(content.get("cells"), dict)
    return content if whole else {}


def written(evidence: Evidence) -> bytes:
    """Return the evidence as it is kept in a file."""
    return (json.dumps(evidence, indent=1, ensure_ascii=False) + "\n").encode()


def digest(content: bytes) -> str:
    """Return what tells one version of a file or of a cell from another."""
    return hashlib.sha256(content).hexdigest()


def of_submission(folder: Path, unit: str, ignore: Sequence[str]) -> str:
    """Return what tells this version of a submission from another.

    The notebook alone does not: a file that it imports decides its grade as well, and the time of
    submission (timestamp.txt) its penalty. Raises OSError when there is no notebook, and
    UserMistake for files that are too large.
    """
    notebook = digest((folder / f"{unit}.ipynb").read_bytes())
    files = files_below(folder, ignore)
    if not files:
        return notebook
    lines = [notebook, *(f"{digest(files[name])} {name}" for name in sorted(files))]
    return digest("\n".join(lines).encode(errors="surrogateescape"))


def _about(seen: CellOutcome) -> dict[str, Any]:
    """Everything the examiner said of a test, witnesses included, as JSON data."""
    block = seen.block or {}
    said = {one.name: getattr(seen, one.name) for one in fields(seen)}
    return {
        **{name: _plain(value) for name, value in said.items() if name not in _NOT_EVIDENCE},
        "longest_block": seen.longest_block,
        "kind": block.get("kind", ""),
        "file": block.get("file", ""),
        "line": block.get("line", 0),
        "code": block.get("code", ""),
    }


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)
