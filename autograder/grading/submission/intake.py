"""Copies a submission as plain files. Grading reads a submission only through this copy.

A link in a submission could lead to any file: to the unit's own notebook, which would get all the
points, or to a private file of the instructor, which nbgrader would copy into the feedback. So a
submission is copied once, and no link in it is followed. All later steps use the copy; if a file is
replaced after that, they do not see it. A submission that has anything but folders and files with
one name each (no hard links) is refused with a message. The path to `submitted/` belongs to the
instructor: links in it are followed.
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

MOST_ENTRIES = 10_000  # files and folders of a submission; to look at them takes 0.1 s
DEEPEST = 30  # levels of folders
MOST_NOTEBOOK = 30_000_000  # bytes; to read one takes eight times as much memory
_ALWAYS = "timestamp.txt"  # nbgrader's file: it is copied even if a pattern ignores it
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
_INSTEAD = "replace it with the file or folder itself, or ask for a new submission"


@contextlib.contextmanager
def copied(
    root: Path, parts: Sequence[str], ignore: Sequence[str], inner: Sequence[str] = ("*.ipynb",)
) -> Iterator[Path]:
    """Yield a temporary folder with a copy of the submission ROOT/STUDENT/UNIT at STUDENT/UNIT.

    `parts` are STUDENT and UNIT. Names that match `ignore` are not copied, and neither are names
    that match `inner`; notebooks and timestamp.txt at the top always are. Raises UserMistake when
    the submission has a link or anything else that is not a plain file or folder, or is too large.
    """
    with tempfile.TemporaryDirectory(prefix="unblocked-intake-") as name:
        target = Path(name, *parts)
        target.mkdir(parents=True)
        with _opened_below(root, parts) as folder:
            copying = _Copying(tuple(parts), (*inner, *ignore), MOST_ENTRIES, MOST_FILES)
            copying.copy(folder, target, ())
        yield Path(name)


def digest(root: Path, student: str, unit: str, ignore: Sequence[str]) -> str:
    """Return the digest of the submission ROOT/STUDENT/UNIT; see `evidence.of_submission`.

    Raises UserMistake as `copied` does, and OSError when there is no notebook.
    """
    with copied(root, (student, unit), ignore) as copy:
        return evidence.of_submission(copy / student / unit, unit, ignore)


@dataclass
class _Copying:
    """Copies one submission within the limits."""

    shown: tuple[str, ...]  # the submission's folder, as messages name it
    ignore: tuple[str, ...]
    entries: int  # files and folders that may still come
    left: int  # bytes that may still come

    def copy(self, folder: int, target: Path | None, below: tuple[str, ...]) -> None:
        """Copy the content of a folder; without `target`, only check it."""
        for name in sorted(os.listdir(folder)):
            self.entries -= 1
            shown = (*self.shown, *below, name)
            if self.entries < 0 or len(below) > DEEPEST:
                raise UserMistake(
                    f"{_called(self.shown)} has more than {MOST_ENTRIES:,} files, or folders more "
                    f"than {DEEPEST} levels deep: move away what the notebook does not need"
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
        notebook = target.suffix == ".ipynb"
        content = _read(file, shown, MOST_NOTEBOOK if notebook else MOST_FILES)
        if not notebook:
            self.left -= len(content)
        if self.left < 0:
            raise UserMistake(
                f"the files next to the notebook in {_called(self.shown)} are larger than "
                f"{MOST_FILES // 1_000_000} MB; move away what the notebook does not need"
            )
        target.write_bytes(content)

    def _left_out(self, name: str, below: tuple[str, ...]) -> bool:
        if not below and (name.endswith(".ipynb") or name == _ALWAYS):
            return False
        return any(fnmatch(name, pattern) for pattern in self.ignore)


@contextlib.contextmanager
def _opened_below(root: Path, parts: Sequence[str]) -> Iterator[int]:
    """Open a folder below `root`. The path to `root` may have links, the path below it may not."""
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
        # Check before opening: opening a device can already have an effect.
        _ensure(os.stat(name, dir_fd=folder, follow_symlinks=False), wanted, shown)
        file = os.open(name, os.O_RDONLY | flags | _PLAIN, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise UserMistake(
            f"{_called(shown)} cannot be read ({error.strerror}): {_INSTEAD}"
        ) from None
    try:
        _ensure(os.fstat(file), wanted, shown)  # the path may have been replaced in between
        yield file
    finally:
        os.close(file)


def _ensure(found: Any, wanted: int, shown: Sequence[str]) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFLNK:
        raise UserMistake(
            f"{_called(shown)} is a symbolic link, and links in a submission are not followed: "
            f"{_INSTEAD}"
        )
    if kind != wanted:
        raise UserMistake(
            f"{_called(shown)} is {_KINDS.get(kind, 'something else')}, where {_KINDS[wanted]} "
            f"should be: {_INSTEAD}"
        )
    if kind == stat.S_IFREG and found.st_nlink > 1:
        raise UserMistake(
            f"{_called(shown)} is a hard link, and the file may belong to another user: {_INSTEAD}"
        )


def _read(file: int, shown: Sequence[str], most: int) -> bytes:
    parts = []
    left = most
    while part := os.read(file, _CHUNK):
        parts.append(part)
        left -= len(part)
        if left < 0:
            raise UserMistake(
                f"{_called(shown)} is larger than {most // 1_000_000} MB: hand in less"
            )
    return b"".join(parts)


def _called(parts: Sequence[str]) -> str:
    """A path of the submission for a message: short, and with control characters escaped."""
    return repr("/".join(parts))[1:-1][-200:]


# -- nbgrader itself reads copies too --------------------------------------------------------------


def install() -> None:
    """Make nbgrader, in this process, convert and collect copies of submissions."""
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
    """Collect only submissions that are not refused.

    nbgrader removes the earlier submission of a student before it copies the new one.
    """
    kept = []
    for record in exchange.src_records:
        try:
            with _copy_of_submission(exchange, Path(exchange.inbound_path, record["filename"])):
                kept.append(record)
        except (UserMistake, OSError) as why:
            exchange.log.error(f"{record['username']}: not collected: {why}")
    exchange.src_records = kept
    exchange._unblocked_copy_files()


def _collect_copy(exchange: Any, source: str, target: str, log: Any = None) -> None:
    with _copy_of_submission(exchange, Path(source)) as copy:
        exchange._unblocked_copy(str(copy), target, log)


@contextlib.contextmanager
def _copy_of_submission(exchange: Any, path: Path) -> Iterator[Path]:
    with copied(path.parent, (path.name,), exchange.coursedir.ignore, inner=()) as root:
        yield root / path.name


def _convert_copies(converter: Any) -> None:
    """Convert a copy of each submission, one after the other.

    A submission that is refused here keeps its old grade. If a later step fails, nbgrader removes
    the graded notebook.
    """
    from nbgrader.converters.base import NbGraderException

    submissions, failed = dict(converter.assignments), []
    step = Path(converter.coursedir.root, converter.coursedir.submitted_directory)
    for folder, notebooks in sorted(submissions.items()):
        path = Path(folder)
        ours = path.is_relative_to(step)  # else another `directory_structure`: only checked
        above = step if ours else path.parents[1]
        parts = path.relative_to(above).parts
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
    """Have nbgrader convert a submission from a copy of the folder `submitted/`."""
    coursedir = converter.coursedir
    step, coursedir.submitted_directory = coursedir.submitted_directory, str(root)
    try:
        converter.assignments = {str(copy): [str(copy / Path(one).name) for one in notebooks]}
        converter._unblocked_convert()
    finally:
        coursedir.submitted_directory = step
