"""What nbgrader's gradebook and the unit's own notebook say an assignment consists of."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from autograder.grading.examination import Cell
from autograder.grading.repair import Original

UNSAFE_NAME = (
    "the student's name {!r} holds characters that nbgrader would write into its pages as markup: "
    "give the folder in submitted/ a name of letters, digits, and signs such as . _ - @ or a space"
)
_PATIENCE = 60.0  # s for SQLite to get its turn to write; Python's own 5 can be too few on NFS


def open_quickly() -> None:
    """Let nbgrader, in this process, open a gradebook again without beginning from nothing.

    It opens it ten times a submission, each time with a new engine, for which SQLAlchemy compiles
    every statement again, and each time it looks for all 16 tables and for the course: 65 of 90 ms
    of CPU (measured).
    Here all gradebooks of one database share an engine, which remembers that it has seen them, and
    stays connected when one of them is closed; `let_go` ends that.
    """
    from nbgrader import api

    if hasattr(api.create_engine, "cache_clear"):
        return
    make, look, create_all = api.create_engine, api.inspect, api.Base.metadata.create_all
    look_for_course = api.Gradebook.check_course

    @cache
    def create_engine(url: str, **options: Any) -> Any:
        if url.startswith("sqlite"):
            options["connect_args"] = {"timeout": _PATIENCE}
        engine = make(url, **options)
        engine.dispose = lambda close=True: None
        return engine

    def inspect(engine: Any) -> Any:
        if _is_complete(engine):
            return _Known()
        type(engine).dispose(engine)  # connections to a file that is another by now
        return look(engine)

    def create_tables(bind: Any) -> None:
        if not _is_complete(bind):
            create_all(bind=bind)
            _complete[bind] = _place(bind)

    def check_course(book: Any, course_id: str = "default_course", **about: Any) -> Any:
        known = (book.engine, _complete.get(book.engine), course_id)
        if known in _courses and _is_complete(book.engine):
            return None  # which nobody asks for
        course = look_for_course(book, course_id, **about)
        _courses.add(known)
        return course

    api.create_engine, api.inspect = create_engine, inspect
    api.Gradebook.check_course = check_course
    api.Base.metadata.create_all = create_tables
    api.get_alembic_version = _alembic_head


def let_go() -> None:
    """Close the connections to all gradebooks."""
    for engine in _complete:
        type(engine).dispose(engine)
    _complete.clear()
    _courses.clear()


class _Known:
    """Says of a database only that it is not empty."""

    def get_table_names(self) -> list[str]:
        return ["assignment"]


_complete: dict[Any, Any] = {}  # engines whose database has all tables -> the file it was in
_courses: set[tuple[Any, Any, str]] = set()  # the same engine and file, and a course that is there


def _is_complete(engine: Any) -> bool:
    return engine in _complete and _complete[engine] == _place(engine)


def _place(engine: Any) -> Any:
    """What changes when a database is deleted and made anew: the file's number, on SQLite."""
    if engine.dialect.name != "sqlite":
        return ""
    try:
        return os.stat(engine.url.database).st_ino
    except (OSError, TypeError):
        return None


def _alembic_head() -> str:
    """The version of nbgrader's tables; nbgrader itself starts the program `alembic` to ask."""
    from alembic.script import ScriptDirectory
    from nbgrader import dbutil

    head = ScriptDirectory(str(Path(dbutil.__file__).with_name("alembic"))).get_current_head()
    return str(head)


@contextlib.contextmanager
def one_transaction(book: Any) -> Iterator[None]:
    """Commit what is written into a gradebook at the end, in one step, or none of it."""
    session = book.db
    session.commit = session.flush
    try:
        yield
    finally:
        del session.commit
    session.commit()


def create(url: str, course: str) -> None:
    """Make the gradebook if there is none; a SQLite file appears in one step, with all in it."""
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


def originals_of_gradebook(
    gradebook: Any, notebook: str, assignment: str, source: Path
) -> list[Original]:
    """Return the cells of an assignment, in order, with the texts that the gradebook holds.

    A gradebook has no order of its own (on PostgreSQL rows come as they like): it is taken from
    `source`, the unit's own notebook, if that can be read.
    """
    entry = gradebook.find_notebook(notebook, assignment)
    points = {cell.name: float(cell.max_score) for cell in entry.grade_cells}
    solutions = {cell.name for cell in entry.solution_cells}
    originals = [
        Original(
            grade_id=cell.name,
            cell_type=cell.cell_type,
            source=cell.source,
            locked=bool(cell.locked),
            grade=cell.name in points,
            solution=cell.name in solutions,
            points=points.get(cell.name, 0.0),
        )
        for cell in entry.source_cells
    ]
    order = {name: index for index, name in enumerate(_grade_ids(source))}
    return sorted(originals, key=lambda original: order.get(original.grade_id, len(order)))


def originals_of_notebook(content: dict[str, Any]) -> list[Original]:
    """Return the cells of an assignment from the notebook it was made of (as JSON data)."""
    originals = []
    for cell in content["cells"]:
        about = cell["metadata"].get("nbgrader")
        if about and (about["grade"] or about["solution"] or about["locked"]):
            source = cell["source"]
            originals.append(
                Original(
                    grade_id=about["grade_id"],
                    cell_type=cell["cell_type"],
                    source=source if isinstance(source, str) else "".join(source),
                    locked=not about["solution"] and (about["grade"] or about["locked"]),
                    grade=about["grade"],
                    solution=about["solution"],
                    points=float(about.get("points", 0.0)),
                )
            )
    return originals


def cells_to_examine(notebook: Any, originals: list[Original]) -> list[Cell]:
    """Return the code cells of a mended notebook; text of tests and setup cells is the original's.

    What a cell's own metadata says counts for nothing here but its grade_id, and that only once.
    """
    waiting = {original.grade_id: original for original in originals}
    cells = []
    for index, cell in enumerate(notebook.cells):
        if cell["cell_type"] != "code":
            continue
        name = cell["metadata"].get("nbgrader", {}).get("grade_id", "")
        original = waiting.pop(name, None)
        if original is None:
            cells.append(Cell(index, "learner", "", cell["source"]))
        else:
            source = cell["source"] if original.role == "learner" else original.source
            cells.append(Cell(index, original.role, name, source, original.points))
    return cells


def promised(originals: list[Original]) -> list[str]:
    """Return the answer cells as handed out: what they define, a submission should define."""
    return [original.source for original in originals if original.solution]


def _grade_ids(source: Path) -> list[str]:
    try:
        cells = json.loads(source.read_text(encoding="utf-8"))["cells"]
        found = [cell["metadata"].get("nbgrader", {}).get("grade_id", "") for cell in cells]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []
    return [name for name in found if name]
