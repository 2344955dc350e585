"""Makes the learners' labs from ours with nbgrader's GenerateAssignment, in a temporary folder.

nbgrader works in a temporary course directory that holds only the notebook and the figures that it
shows. So a build changes neither the gradebook nor the folders of the person who runs it. And no
text with answers can get into release/, although nbgrader copies every file beside a notebook.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from autograder.course.author.render import as_bytes
from autograder.course.unit import NEVER_RELEASED, repository
from autograder.environment import light_imports
from autograder.outcomes import UserMistake


def release(
    labs: dict[str, dict[str, bytes]],
) -> tuple[dict[str, dict[str, bytes]], list[tuple[str, str]]]:
    """Return the released files of each lab, and (unit, sentence) for each that nbgrader refused.

    `labs` and the first result map the unit's name to its files: path inside the assignment ->
    content. nbgrader runs in a child process, because it changes the working directory and leaves
    databases open. Raises UserMistake when nbgrader itself cannot run.
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
    """Run this module as a program on a course directory; return the refused labs with reasons."""
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
    """Make one lab; return why nbgrader refuses it, or nothing."""
    from nbgrader.converters import GenerateAssignment
    from nbgrader.coursedir import CourseDirectory
    from traitlets.config import Config

    from autograder.grading.nbgrader.logged import logged, reason

    directory = CourseDirectory(root=str(course), assignment_id=name, ignore=NEVER_RELEASED)
    directory.db_url = f"sqlite:///{course / 'gradebook.db'}"
    with logged() as (log, said):
        # An empty Config: a personal nbgrader_config.py must not change what learners get.
        converter = GenerateAssignment(coursedir=directory, config=Config(), log=log)
        try:
            converter.start()
        except (Exception, SystemExit) as error:  # nbgrader raises many types
            return f"nbgrader refuses the lab: {reason(said, error)}"
    return ""


def _canonical(path: Path) -> bytes:
    """Return a file of nbgrader's, a notebook in our JSON format, whatever nbconvert's version."""
    if path.suffix != ".ipynb":
        return path.read_bytes()
    return as_bytes(json.loads(path.read_bytes()))


def _generate_all(course: Path, names: list[str]) -> dict[str, str]:
    """Make the labs; return those that nbgrader refused, with the reasons."""
    light_imports.skip_grammars()
    from autograder.grading.nbgrader import fast_open

    fast_open.open_quickly()  # without it nbgrader starts `alembic`, which takes 1.6 of 5.0 s CPU
    objections = {name: _generate(course, name) for name in names}
    return {name: why for name, why in objections.items() if why}


if __name__ == "__main__":
    print(json.dumps(_generate_all(Path(sys.argv[1]), sys.argv[2:])))
