"""The learner's copies in work/: made if missing, kept if changed, renewed if not.

work/.unblocked/copied.json records what was copied. So, after a `git pull`, a copy that the learner
did not change is replaced by the new version. A copy that the learner changed is kept, and the new
version is written beside it as `.new.ipynb`, with the learner's answers in it. In both cases a
sentence names the parts that are new.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from autograder.course import notebook, store
from autograder.course.learner import renewal
from autograder.course.notebook import NotANotebook
from autograder.course.unit import Unit, built, copies, shown
from autograder.outcomes import UserMistake
from autograder.paths import work_folder

Copies = dict[str, dict[str, Any]]  # path in work/ -> digests of what we copied there
_COPIED = ": copied."
MANY = 4  # from this many new copies on, one sentence for all; at most this many new parts by name


def copy_units(root: Path) -> list[str]:
    """Copy what is missing or was not changed to work/, and return sentences on what was done.

    A file that the learner changed is never overwritten. Raises UserMistake when work/ cannot be
    written.
    """
    said: list[str] = []
    try:
        with store.changing(_record(root)) as copied:
            for unit in built(root):
                for origin, copy in _pairs(unit):
                    said += _bring(root, origin, copy, copied)
            for origin, copy in copies(root):
                said += _bring(root, origin, copy, copied)
    except OSError as error:
        raise UserMistake(_cannot_write(root, error)) from error
    made = [sentence for sentence in said if sentence.endswith(_COPIED)]
    if len(made) < MANY:
        return said
    folder = shown(root, work_folder(root))
    first = f"{folder}/ has your own copies of {len(made)} notebooks: they are yours to change."
    return [first, *(sentence for sentence in said if sentence not in made)]


def reset(root: Path, name: str) -> list[str]:
    """Copy a unit's lab (or its lesson, if it has no lab) to work/ again.

    The old copy is kept in work/NN_name/kept/, with the date in its name. Returns sentences on what
    was done. Raises UserMistake for a unit that does not exist.
    """
    unit = next((unit for unit in built(root) if name in (unit.name, unit.number)), None)
    if unit is None:
        known = ", ".join(unit.name for unit in built(root))
        raise UserMistake(f"there is no unit {name!r}; there are {known or 'none yet'}.")
    origin, copy = next(
        (pair for pair in _pairs(unit) if pair[0] == unit.release), (unit.lesson, unit.work_lesson)
    )
    said = []
    try:
        if copy.exists():
            kept = free_name(copy.parent / "kept", f"{copy.stem} {datetime.now():%Y-%m-%d %H.%M}")
            kept.parent.mkdir(exist_ok=True)
            os.replace(copy, kept)
            said.append(f"{shown(root, kept)}: your old one is kept here.")
        with store.changing(_record(root)) as copied:
            copied.pop(_key(root, copy), None)
            said += _bring(root, origin, copy, copied)
    except OSError as error:
        raise UserMistake(_cannot_write(root, error)) from error
    return said


def _pairs(unit: Unit) -> Iterator[tuple[Path, Path]]:
    """Yield what is copied, and where to: lesson, lab, and figures where each looks for them."""
    if unit.lesson.exists():
        yield unit.lesson, unit.work_lesson
    if unit.release.exists():
        yield unit.release, unit.work_lab
    for figures, folder in (
        (unit.lesson_figures, unit.work / "figures" / unit.name),
        (unit.release.parent / "figures", unit.work / "figures"),
    ):
        for path in sorted(figures.glob("*")):
            if path.is_file():
                yield path, folder / path.name


def _bring(root: Path, origin: Path, copy: Path, copied: dict[str, Any]) -> list[str]:
    """Renew one copy if nothing is lost by it, and return what was done as sentences."""
    new = origin.read_bytes()
    key, name = _key(root, copy), shown(root, copy)
    known = copied.get(key)
    known = known if isinstance(known, dict) else {}
    if not copy.exists():
        _put(copy, new, copied, key)
        quiet = copy.suffix != ".ipynb"
        return [] if quiet else [f"{name}: copied again." if known else f"{name}{_COPIED}"]
    present = copy.read_bytes()
    if known.get("file") == _digest(new):
        return []
    if present == new:
        copied[key] = _marks(new)
        return []
    before = known.get("each")
    before = before if isinstance(before, list) else []
    parts = renewal.renewed(new, before) if before else []
    more = f" and {len(parts) - MANY} more" if len(parts) > MANY else ""
    news = f" What is new: {', '.join(parts[:MANY])}{more}." if parts else ""
    if known.get("cells") == cells_digest(present):
        _put(copy, new, copied, key)
        return [f"{name}: brought up to date; you had not changed it.{news}"]
    if known.get("offered") == _digest(new):
        return []
    beside = copy.with_name(f"{copy.stem}.new{copy.suffix}")
    if beside.exists() and known.get("offer") != cells_digest(beside.read_bytes()):
        beside = free_name(beside.parent, beside.stem, beside.suffix)
    offer = renewal.with_answers(new, present, before)
    store.write(beside, offer)
    copied[key] = {**known, "offered": _digest(new), "offer": cells_digest(offer)}
    yours = "" if offer == new else ", with your answers in it"
    return [
        f"{name}: kept as you changed it; a newer version is beside it, in {beside.name}{yours}. "
        f"Go on with either of them.{news}"
    ]


def _put(copy: Path, content: bytes, copied: dict[str, Any], key: str) -> None:
    copy.parent.mkdir(parents=True, exist_ok=True)
    store.write(copy, content)
    copied[key] = _marks(content)


def _marks(content: bytes) -> dict[str, Any]:
    return {
        "file": _digest(content),
        "cells": cells_digest(content),
        "each": renewal.fingerprint(content),
    }


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def cells_digest(content: bytes) -> str:
    """Return a digest of what a person sees: types, sources and outputs of the cells.

    JupyterLab rewrites ids and metadata when it saves, and that does not count as a change. Outputs
    count: they are the learner's results.
    """
    try:
        cells = notebook.loads(content)["cells"]
    except NotANotebook:
        return _digest(content)
    seen = [(one["cell_type"], notebook.source(one), one.get("outputs", [])) for one in cells]
    return _digest(json.dumps(seen, sort_keys=True).encode())


def free_name(folder: Path, stem: str, suffix: str = ".ipynb") -> Path:
    """Return a path in the folder at which there is no file yet."""
    path = folder / f"{stem}{suffix}"
    number = 2
    while path.exists():
        path = folder / f"{stem} ({number}){suffix}"
        number += 1
    return path


def _record(root: Path) -> Path:
    return store.folder(root) / "copied.json"


def _key(root: Path, copy: Path) -> str:
    return copy.relative_to(work_folder(root)).as_posix()


def _cannot_write(root: Path, error: OSError) -> str:
    where = error.filename or work_folder(root)
    return (
        f"{where}: {error.strerror or error}; your copies go there, so make it writable, "
        "or set UNBLOCKED_WORK to another folder."
    )
