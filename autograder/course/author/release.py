"""Makes the learners' labs from ours with nbgrader's own GenerateAssignment, in a folder apart.

The gradebook and the folders of whoever runs the build are never touched: nbgrader works in a
temporary course directory that holds nothing but the notebook and the figures it names. That is
also why no text twin with answers can reach release/ (nbgrader copies every sibling it finds).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.course.author.render import as_bytes
from autograder.course.unit import NEVER_RELEASED, repository
from autograder.outcomes import UserMistake


def release(
    labs: dict[str, dict[str, bytes]],
) -> tuple[dict[str, dict[str, bytes]], list[tuple[str, str]]]:
    """The released files of each lab, and (unit, sentence) for each that nbgrader refused.

    Both dicts map the unit's name to its files: path inside the assignment -> content. nbgrader
    runs in a child process, because it changes the working directory and leaves databases open.
    Raises UserMistake when nbgrader itself cannot run.
    """
    if not labs:
        return {}, []
    with tempfile.TemporaryDirectory(prefix="unblocked-release-", ignore_cleanup_errors=True) as at:
        course = Path(at).resolve()
        for name, files in labs.items():
            for relative, content in files.items():
                path = course / "source" / name / relative
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        refused = _run_nbgrader(course, list(labs))
        released = {
            name: {
                path.relative_to(course / "release" / name).as_posix(): _canonical(path)
                for path in sorted((course / "release" / name).rglob("*"))
                if path.is_file()
            }
            for name in labs
            if name not in refused
        }
    return released, sorted(refused.items())


def _run_nbgrader(course: Path, names: list[str]) -> dict[str, str]:
    """Runs this module as a program on a course directory; which labs nbgrader refused, and why."""
    command = [sys.executable, "-m", "autograder.course.author.release", str(course), *names]
    done = subprocess.run(
        command,
        cwd=repository(),
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode != 0:
        last = (done.stderr.strip() or "it said nothing").splitlines()[-1]
        raise UserMistake(f"nbgrader cannot make release/: {last}; is requirements.txt installed?")
    refused: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return refused


def _generate(course: Path, name: str) -> str:
    """Makes one lab; returns what nbgrader has against it, or nothing."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from autograder.grading.nbgrader.logged import logged, reason

    directory = CourseDirectory(root=str(course), assignment_id=name, ignore=NEVER_RELEASED)
    directory.db_url = f"sqlite:///{course / 'gradebook.db'}"
    with logged() as (log, said):
        # An empty Config: a personal nbgrader_config.py must not change what everyone gets.
        converter = GenerateAssignment(coursedir=directory, config=Config(), log=log)
        try:
            converter.start()
        except (Exception, SystemExit) as error:  # whatever nbgrader raises, it is about this lab
            return f"nbgrader refuses the lab: {reason(said, error)}"
    return ""


def _canonical(path: Path) -> bytes:
    """nbgrader's content in our spelling of JSON, which does not change with nbconvert's."""
    if path.suffix != ".ipynb":
        return path.read_bytes()
    return as_bytes(json.loads(path.read_bytes()))


def _generate_all(course: Path, names: list[str]) -> dict[str, str]:
    """Makes the labs; returns which of them nbgrader refused, and why."""
    from autograder.grading.nbgrader import fast_open

    fast_open.open_quickly()  # else nbgrader starts the program `alembic`: 1.6 s of CPU of 5.0
    objections = {name: _generate(course, name) for name in names}
    return {name: why for name, why in objections.items() if why}


if __name__ == "__main__":
    print(json.dumps(_generate_all(Path(sys.argv[1]), sys.argv[2:])))
