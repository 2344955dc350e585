"""What may lie beside a notebook and goes with it into an examination: plain files, and not all.

Links are left out: they could lead anywhere. So are notebooks, what the caller names, and all that
is no file, such as a pipe. Together the files may be as large as what nbgrader lets a learner hand
in; more raises UserMistake.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from fnmatch import fnmatch
from pathlib import Path

from autograder.grading.examination.cells import MOST_FILES
from autograder.outcomes import UserMistake

Files = dict[str, bytes]  # by their path below the folder


def files_below(folder: Path, ignore: Sequence[str]) -> Files:
    """Return the files in a folder; `ignore` are patterns of names to leave out."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in _below(folder, ignore)
        if path.is_file()
    }


def copy(origin: Path | None, target: Path, ignore: Sequence[str]) -> None:
    """Copy the files in a folder, and its folders, to `target`, which is made for it alone."""
    target.mkdir(mode=0o700)  # a candidate may be able to name it
    if origin is None or not origin.is_dir():
        return
    for path in _below(origin, ignore):
        there = target / path.relative_to(origin)
        if path.is_dir():
            there.mkdir()
        else:
            shutil.copy2(path, there)


def _below(folder: Path, ignore: Sequence[str]) -> Iterator[Path]:
    """The files and folders below one; a folder comes before what is in it."""
    patterns = ("*.ipynb", *ignore)
    room = MOST_FILES
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _left_out(Path(place, name), patterns)]
        yield from (Path(place, name) for name in folders)
        for name in names:
            path = Path(place, name)
            if _left_out(path, patterns) or not path.is_file():
                continue
            room -= path.stat().st_size
            if room < 0:
                raise UserMistake(
                    f"the files beside the notebook in {folder} are larger than "
                    f"{MOST_FILES // 1_000_000} MB; move away what the notebook does not need"
                )
            yield path


def _left_out(path: Path, patterns: Sequence[str]) -> bool:
    return path.is_symlink() or any(fnmatch(path.name, pattern) for pattern in patterns)
