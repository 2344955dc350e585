"""`save` and `restore` all of work/ as one file, for Binder or another computer; `reset` a lab.

The file holds the learner's copies, guesses and points. Restoring loses nothing: a notebook that
was changed here stays as it is, and the saved version is written beside it.
"""

from __future__ import annotations

import contextlib
import html
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from autograder.course import store
from autograder.course.learner import copies as working
from autograder.course.unit import repository, shown
from autograder.outcomes import UserMistake
from autograder.paths import work_folder

NOT_YET = "?"
_NAME = "unblocked-*.zip"
_MARK = b"unblocked 1"  # the zip file's comment: `save` made it, in version 1 of the format
_NOTES = ".unblocked"
_PASSING = {".ipynb_checkpoints", "__pycache__"}


@dataclass(frozen=True)
class Told:
    """What a cell shows: sentences, and, after `save`, a file to download."""

    sentences: list[str]
    file: Path | None = None

    def __repr__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        said = "".join(f"<p>{html.escape(sentence)}</p>" for sentence in self.sentences)
        if self.file is None:
            return said
        # JupyterLab makes a server address of a path relative to the notebook. With `download`, the
        # browser saves the file; without it, JupyterLab opens it as a document.
        there = html.escape(Path(os.path.relpath(self.file)).as_posix())
        return f'{said}<p><a href="{there}" download>Download {html.escape(self.file.name)}</a></p>'


def save(root: Path | None = None) -> Told:
    """Write all of work/ to one zip file in work/, complete or not at all; `.file` is its path.

    If nothing has changed since the last zip file, return that one. Notebooks are taken as they
    were last saved. Raises UserMistake when the file cannot be written.
    """
    root = root or repository()
    work = work_folder(root)
    path = work / f"unblocked-{datetime.now():%Y-%m-%d-%H%M}.zip"
    try:
        work.mkdir(parents=True, exist_ok=True)
        members = {p.relative_to(work).as_posix(): p for p in _worth_keeping(work)}
        last = max(work.glob(_NAME), default=None)
        if last is not None and _holds(last, members):
            path = last
        else:
            _pack(members, path)
        kilobytes = path.stat().st_size / 1000
    except OSError as error:
        raise UserMistake(_refused(work, error)) from None
    return Told(
        [f"{shown(root, path)} holds your {len(members)} files ({kilobytes:.0f} kB)."], path
    )


def restore(name: str | Path, root: Path | None = None) -> Told:
    """Restore the files in a zip file of `save`, and tell what was done; `"?"` lists the zip files.

    A file that was changed here is kept, and the saved version is written beside it as `.saved`.
    Raises UserMistake for a zip file that is missing, or that `save` did not make.
    """
    root = root or repository()
    work = work_folder(root)
    if str(name).strip() in (NOT_YET, ""):
        return _offer(work)
    path = next((p for p in (Path(name), work / Path(name).name) if p.is_file()), None)
    if path is None:
        raise UserMistake(
            f"{name}: there is no such file here; drag it into the file list on the left, "
            "and run the cell again."
        )
    members = _unpack(path)
    try:
        return Told(_bring_back(root, members) or [f"{path.name}: all of it is here already."])
    except OSError as error:
        raise UserMistake(_refused(work, error)) from None


def reset(name: str, root: Path | None = None) -> Told:
    """Start a lab again (`"03"` or `"03_gateway"`), keep the old copy, and tell where it is.

    `"?"` changes nothing. Raises UserMistake for a unit that does not exist.
    """
    if name.strip() in (NOT_YET, ""):
        return Told(['To start a lab again, replace "?" with its number; your old copy is kept.'])
    said = working.reset(root or repository(), name)
    return Told([*said, "Is it open in a tab? Close the tab, then open it again from the list."])


def _offer(work: Path) -> Told:
    """Return what `restore("?")` shows: the files that can be restored, newest first."""
    folders = {work.resolve(), Path.cwd()}  # JupyterLab may upload to the notebook's folder
    found = sorted({path.name for place in folders for path in place.glob(_NAME)}, reverse=True)
    if not found:
        return Told(["Nothing to restore: there is no saved file here."])
    return Told([f'To restore a saved file, replace "?" with its name: {", ".join(found)}.'])


def _pack(members: dict[str, Path], path: Path) -> None:
    """Write the zip file in one step, so that it is never half written."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".saving.")
    try:
        with (
            os.fdopen(handle, "wb") as file,
            zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, strict_timestamps=False) as archive,
        ):
            archive.comment = _MARK
            for name, member in members.items():
                archive.write(member, name)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(draft)
        raise


def _holds(saved: Path, members: dict[str, Path]) -> bool:
    """Return True if a zip file holds exactly these files, with the same content."""
    now = {name: zlib.crc32(path.read_bytes()) for name, path in members.items()}
    try:
        with zipfile.ZipFile(saved) as archive:
            then = {entry.filename: entry.CRC for entry in archive.infolist()}
    except (OSError, zipfile.BadZipFile):
        return False
    return now == then


def _worth_keeping(work: Path) -> Iterator[Path]:
    """Yield the files of work/, without earlier zip files and what programs leave behind."""
    for path in sorted(work.rglob("*")):
        parts = path.relative_to(work).parts
        hidden = [part for part in parts if part.startswith(".") and part != _NOTES]
        saved = path.match(_NAME)
        # Folders beside the notes hold the settings of other programs.
        passing = hidden or saved or _PASSING & set(parts) or (parts[0] == _NOTES and parts[2:])
        if path.is_file() and not path.is_symlink() and not passing:
            yield path


def _unpack(path: Path) -> dict[str, bytes]:
    """Return the files in a zip file of `save`, by their path in work/.

    Raises UserMistake when `save` did not make it, or it is not complete.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            if archive.comment != _MARK:
                raise UserMistake(f"{path.name}: was not made by save(), so it is left alone.")
            return {
                name: archive.read(name)  # checks the content's checksum
                for name in archive.namelist()
                if not name.endswith("/") and _inside(name)
            }
    except (OSError, zipfile.BadZipFile, EOFError) as error:
        raise UserMistake(
            f"{path.name}: came here incomplete ({error}); upload it again."
        ) from None


def _inside(name: str) -> bool:
    """Return True if a path in a zip file stays inside work/, on every system."""
    parts = PurePosixPath(name).parts
    return ".." not in parts and not name.startswith("/") and not {"\\", ":"} & set(name)


def _bring_back(root: Path, members: dict[str, bytes]) -> list[str]:
    copied, answers, points = (
        _read(members.pop(f"{_NOTES}/{name}", b""))
        for name in ("copied.json", "answers.json", "points.json")
    )
    here = store.folder(root)
    said: list[str] = []
    with store.changing(here / "copied.json") as copies:
        for key, content in members.items():
            if not key.startswith(_NOTES):
                said += _one(root, key, content, copies, copied)
    with store.changing(here / "answers.json") as given:
        _merge_answers(given, answers)
    with store.changing(here / "points.json") as scored:
        _merge_points(scored, points)
    return said


def _one(
    root: Path, key: str, content: bytes, copies: dict[str, Any], then: dict[str, Any]
) -> list[str]:
    """Restore one file without losing another, and return what to tell.

    `copies` and `then` say which version the course had handed out: here, and where it was saved.
    """
    path = work_folder(root) / key
    name = shown(root, path)
    digest = working.cells_digest(content)
    if path.exists():
        present = working.cells_digest(path.read_bytes())
        if present == digest or digest == _handed_out(then, key):
            return []
        if present != _handed_out(copies, key):
            path = path.with_name(f"{path.stem}.saved{path.suffix}")
            if path.exists():
                if working.cells_digest(path.read_bytes()) == digest:
                    return []
                path = working.free_name(path.parent, path.stem, path.suffix)
            store.write(path, content)
            return [f"{name}: kept as it is here; the saved one is beside it, in {path.name}."]
    path.parent.mkdir(parents=True, exist_ok=True)
    store.write(path, content)
    if key in then:  # so that learners still hear of a newer version of the course
        copies[key] = then[key]
    return [f"{name}: is back."]


def _handed_out(copies: dict[str, Any], key: str) -> str:
    entry = copies.get(key)
    return str(entry.get("cells", "")) if isinstance(entry, dict) else ""


def _merge_answers(here: dict[str, Any], saved: dict[str, Any]) -> None:
    """Add the saved guesses; of two guesses at the same question, keep the later one."""
    for name, entry in saved.items():
        if isinstance(entry, dict):
            mine = here.get(name)
            later = str(mine.get("at", "")) if isinstance(mine, dict) else ""
            if str(entry.get("at", "")) >= later:
                here[name] = entry


def _merge_points(here: dict[str, Any], saved: dict[str, Any]) -> None:
    """Add the saved scores; of two scores for the same test, keep the better one."""
    for unit, tests in saved.items():
        if isinstance(tests, dict):
            mine = here.get(unit)
            both = {**mine} if isinstance(mine, dict) else {}
            for name, score in tests.items():
                both[name] = max(both.get(name, [0]), score, key=_points)
            here[unit] = both


def _points(score: Any) -> float:
    """Return the points in `[score, most]`, which `check` writes; 0 for anything else."""
    value = score[0] if isinstance(score, list) and score else 0
    return float(value) if isinstance(value, int | float) else 0.0


def _read(content: bytes) -> dict[str, Any]:
    try:
        entries = json.loads(content)
    except ValueError:
        return {}
    return entries if isinstance(entries, dict) else {}


def _refused(work: Path, error: OSError) -> str:
    return (
        f"{error.filename or work}: {error.strerror or error}; nothing that is there was changed."
    )
