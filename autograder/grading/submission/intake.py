"""A submission as a copy of plain files: the one way in which grading looks at what was handed in.

A link among it could lead anywhere: to the unit's own notebook, which earns its points, or to a
file of the grader's, which nbgrader copies into what is given back. So a submission is copied once,
no link is followed on the way, and all that comes after works on the copy; whatever somebody puts
in a file's place meanwhile is not seen. A submission with anything but folders and files of one
name is refused with a sentence. Where the course itself lies, above `submitted/STUDENT`, is the
instructor's affair: links there are followed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

from autograder.grading.examination.cells import MOST_FILES
from autograder.grading.submission import evidence
from autograder.outcomes import UserMistake

MOST_ENTRIES = 10_000  # files and folders of a submission: to look at them takes 0.1 s
DEEPEST = 30  # folders in each other
_ALWAYS = "timestamp.txt"  # nbgrader's own, though its kind is ignored
_CHUNK = 1 << 20
_PLAIN = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFREG: "a file",
}
_INSTEAD = "put the thing itself in its place, or have it handed in again"


@contextlib.contextmanager
def copied(
    root: Path, parts: Sequence[str], ignore: Sequence[str], inner: Sequence[str] = ("*.ipynb",)
) -> Iterator[Path]:
    """Yield a folder of our own that has a copy of the submission ROOT/STUDENT/UNIT at STUDENT/UNIT
    (these are `parts`), without what `ignore` names, and in inner folders what `inner` names.

    Raises UserMistake when it holds a link or anything else that is no plain file, or too much.
    """
    with tempfile.TemporaryDirectory(prefix="unblocked-intake-") as name:
        target = Path(name, *parts)
        target.mkdir(parents=True)
        with _opened_below(root, parts) as folder:
            copying = _Copying(tuple(parts), (*inner, *ignore), MOST_ENTRIES, MOST_FILES)
            copying.copy(folder, target, ())
        yield Path(name)


def digest(root: Path, student: str, unit: str, ignore: Sequence[str]) -> str:
    """Return what tells this version of the submission ROOT/STUDENT/UNIT from another.

    Raises UserMistake as `copied` does, and OSError when there is no such notebook.
    """
    with copied(root, (student, unit), ignore) as copy:
        return evidence.of_submission(copy / student / unit, unit, ignore)


@dataclass
class _Copying:
    """One copy, and what may still come."""

    shown: tuple[str, ...]  # how the submission's folder is called in a sentence
    ignore: tuple[str, ...]
    entries: int
    room: int

    def copy(self, folder: int, target: Path | None, below: tuple[str, ...]) -> None:
        """Copy what is in a folder; without `target`, only look through it."""
        for name in sorted(os.listdir(folder)):
            self.entries -= 1
            shown = (*self.shown, *below, name)
            if self.entries < 0 or len(below) > DEEPEST:
                raise UserMistake(
                    f"{_called(self.shown)} holds more than {MOST_ENTRIES:,} files, or folders "
                    f"more than {DEEPEST} deep: move away what the notebook does not need"
                )
            kept = None if target is None or self._left_out(name, below) else target / name
            notebook = not below and name.endswith(".ipynb")
            kind = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode
            if stat.S_ISDIR(kind) and not notebook:
                if kept is not None:
                    kept.mkdir()
                with _opened_folder(folder, name, shown) as inner:
                    self.copy(inner, kept, (*below, name))
            else:
                with _opened_file(folder, name, shown) as file:
                    if kept is not None:
                        self._copy_file(file, kept, shown)

    def _copy_file(self, file: int, target: Path, shown: tuple[str, ...]) -> None:
        content = _read(file, shown)
        if target.suffix != ".ipynb":
            self.room -= len(content)
        if self.room < 0:
            raise UserMistake(
                f"the files beside the notebook in {_called(self.shown)} are larger than "
                f"{MOST_FILES // 1_000_000} MB; move away what the notebook does not need"
            )
        target.write_bytes(content)

    def _left_out(self, name: str, below: tuple[str, ...]) -> bool:
        if not below and (name.endswith(".ipynb") or name == _ALWAYS):
            return False
        return any(fnmatch(name, pattern) for pattern in self.ignore)


@contextlib.contextmanager
def _opened_below(root: Path, parts: Sequence[str]) -> Iterator[int]:
    """Open a folder below `root`; links lead to `root`, and none from there on."""
    with contextlib.ExitStack() as opened:
        folder = os.open(root, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        opened.callback(os.close, folder)
        for number, name in enumerate(parts, 1):
            folder = opened.enter_context(_opened_folder(folder, name, parts[:number]))
        yield folder


@contextlib.contextmanager
def _opened_folder(folder: int, name: str, shown: Sequence[str]) -> Iterator[int]:
    yield from _opened(folder, name, shown, getattr(os, "O_DIRECTORY", 0))


@contextlib.contextmanager
def _opened_file(folder: int, name: str, shown: Sequence[str]) -> Iterator[int]:
    yield from _opened(folder, name, shown, 0)


def _opened(folder: int, name: str, shown: Sequence[str], flags: int) -> Iterator[int]:
    wanted = stat.S_IFDIR if flags else stat.S_IFREG
    try:
        # Looked at before it is opened: to open a device can do something already.
        _ensure(os.stat(name, dir_fd=folder, follow_symlinks=False), wanted, shown)
        file = os.open(name, os.O_RDONLY | flags | _PLAIN, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserMistake(
            f"{_called(shown)} cannot be read ({error.strerror}): {_INSTEAD}"
        ) from None
    try:
        _ensure(os.fstat(file), wanted, shown)  # what was opened may be another one
        yield file
    finally:
        os.close(file)


def _ensure(found: Any, wanted: int, shown: Sequence[str]) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFLNK:
        raise UserMistake(
            f"{_called(shown)} is a symbolic link, and links in what was handed in are not "
            f"followed: {_INSTEAD}"
        )
    if kind != wanted:
        raise UserMistake(
            f"{_called(shown)} is {_KINDS.get(kind, 'something else')}, where {_KINDS[wanted]} "
            f"should be: {_INSTEAD}"
        )
    if kind == stat.S_IFREG and found.st_nlink > 1:
        raise UserMistake(
            f"{_called(shown)} is a hard link, another name of a file that may be anybody's: "
            f"{_INSTEAD}"
        )


def _read(file: int, shown: Sequence[str]) -> bytes:
    parts = []
    room = MOST_FILES
    while part := os.read(file, _CHUNK):
        parts.append(part)
        room -= len(part)
        if room < 0:
            raise UserMistake(
                f"{_called(shown)} is larger than {MOST_FILES // 1_000_000} MB: hand in less"
            )
    return b"".join(parts)


def _called(parts: Sequence[str]) -> str:
    """A path of the submission, short, and without what a terminal would obey."""
    return repr("/".join(parts))[1:-1][-200:]


# -- nbgrader's own way to what was handed in ------------------------------------------------------


def install() -> None:
    """Have nbgrader, in this process, convert and collect copies in place of what was handed in."""
    from nbgrader.converters import Autograde
    from nbgrader.exchange.default.collect import ExchangeCollect

    if not hasattr(Autograde, "_unblocked_convert"):
        Autograde._unblocked_convert = Autograde.convert_notebooks
        Autograde.convert_notebooks = _convert_copies
        ExchangeCollect._unblocked_copy_files = ExchangeCollect.copy_files
        ExchangeCollect.copy_files = _collect_whole_ones
        ExchangeCollect._unblocked_copy = ExchangeCollect.do_copy
        ExchangeCollect.do_copy = _collect_copy


def _collect_whole_ones(exchange: Any) -> None:
    """Leave out what is refused before nbgrader removes what it collected from that student."""
    kept = []
    for record in exchange.src_records:
        try:
            with _copy_of_handed_in(exchange, Path(exchange.inbound_path, record["filename"])):
                kept.append(record)
        except (UserMistake, OSError) as why:
            exchange.log.error(f"{record['username']}: not collected: {why}")
    exchange.src_records = kept
    exchange._unblocked_copy_files()


def _collect_copy(exchange: Any, source: str, target: str, log: Any = None) -> None:
    with _copy_of_handed_in(exchange, Path(source)) as copy:
        exchange._unblocked_copy(str(copy), target, log)


@contextlib.contextmanager
def _copy_of_handed_in(exchange: Any, place: Path) -> Iterator[Path]:
    with copied(place.parent, (place.name,), exchange.coursedir.ignore, inner=()) as root:
        yield root / place.name


def _convert_copies(converter: Any) -> None:
    """One submission after the other; one that is refused keeps the grade that it has.

    nbgrader removes the graded notebook of a submission in which anything fails later than here.
    """
    from nbgrader.converters.base import NbGraderException

    submissions, failed = dict(converter.assignments), []
    step = Path(converter.coursedir.root, converter.coursedir.submitted_directory)
    for folder, notebooks in sorted(submissions.items()):
        place = Path(folder)
        ours = place.is_relative_to(step)  # else an own `directory_structure`: only looked through
        above = step if ours else place.parents[1]
        parts = place.relative_to(above).parts
        try:
            with copied(above, parts, converter.coursedir.ignore) as root:
                if ours:
                    _convert_copy(converter, root, Path(root, *parts), notebooks)
                else:
                    converter.assignments = {folder: notebooks}
                    converter._unblocked_convert()
        except NbGraderException as why:
            failed.append(str(why))
        except (UserMistake, OSError) as why:
            converter.log.error(str(why))
            failed.append(str(why))
    if failed:
        raise NbGraderException("\n".join(dict.fromkeys(failed)))


def _convert_copy(converter: Any, root: Path, copy: Path, notebooks: Sequence[str]) -> None:
    """Have nbgrader find the submission in the copy of the folder `submitted/`."""
    coursedir = converter.coursedir
    step, coursedir.submitted_directory = coursedir.submitted_directory, str(root)
    try:
        converter.assignments = {str(copy): [str(copy / Path(one).name) for one in notebooks]}
        converter._unblocked_convert()
    finally:
        coursedir.submitted_directory = step
