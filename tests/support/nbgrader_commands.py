"""nbgrader's command line and our `grade`, many times in a row.

A command spends 2 to 3 s on imports. Here one process imports nbgrader and the modules that grade,
and forks for each command: every command still is a process of its own, with its own settings and
folder, and with a fork server or slots of its own. Nothing of nbgrader is changed by our imports:
that begins with `configure`, in the process that reads the settings.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from processes import IMPORTS

GRADE = "our grade"  # the first word of an order for `grade`, in place of nbgrader's


@dataclass(frozen=True)
class Answer:
    """How a command ended, and all that it said."""

    code: int
    said: str


class Commands:
    """Runs commands in the folders of an instructor and of students, one at a time."""

    def __init__(self, home: Path) -> None:
        """Keep what the commands say, and what nbgrader keeps of a person, below `home`."""
        self._home = home
        self._said = home
        self._running = False
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ,
                "PYTHONPATH": IMPORTS,
                "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
                "JUPYTER_NO_CONFIG": "1",
            },
        )

    def __enter__(self) -> Commands:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        with self._process as process:  # its input ends, and so does it
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)

    def start(self, folder: Path, *arguments: str, **variables: str) -> int:
        """Begin a command in a person's folder and return its process; `end` waits for it."""
        assert self._process.stdin is not None
        if self._running:  # a test that failed did not wait for it
            self.end()
        own = self._home.joinpath(*folder.parts[1:])
        own.mkdir(parents=True, exist_ok=True)
        self._said = own / "said"
        order = {
            "folder": str(folder),
            "own": str(own),
            "arguments": arguments,
            "variables": variables,
        }
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._running = True
        return int(self._line())

    def end(self) -> Answer:
        """Wait for the command that was started."""
        code = int(self._line())
        self._running = False
        return Answer(code, self._said.read_text())

    def ask(self, folder: Path, *arguments: str, **variables: str) -> Answer:
        """Run one command in a person's folder."""
        self.start(folder, *arguments, **variables)
        return self.end()

    def run(self, folder: Path, *arguments: str, **variables: str) -> str:
        """Run one command that must succeed, and return what it said."""
        answer = self.ask(folder, *arguments, **variables)
        assert answer.code == 0, f"{arguments} ended with {answer.code}: {answer.said[-3000:]}"
        return answer.said

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def warm_up() -> None:
    """Do once what each fork would do: 0.2 s of CPU for alembic, 0.1 s for nbformat's schemas."""
    from nbformat import validator

    from autograder.grading.nbgrader import fast_open

    fast_open.alembic_head()
    for relaxed in (False, True):
        validator.get_validator(4, 5, relax_add_props=relaxed)


def _serve() -> None:
    from nbgrader.apps.nbgraderapp import NbGraderApp

    from autograder.grading import commands
    from autograder.grading.batch import grade  # noqa: F401 loaded for the forks

    warm_up()
    gc.freeze()  # 0.1 s a command instead of 0.9: at its end it collects what it has made, only
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            _move_in(order)
            program, *more = order["arguments"]
            if program == GRADE:
                sys.exit(commands.grade(more[0], root=Path.cwd(), jobs=int(more[1]), as_json=True))
            NbGraderApp.launch_instance()
            return
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _move_in(order: dict[str, Any]) -> None:
    """Take the folder, the arguments, the variables and the output of one command."""
    own = Path(order["own"])
    os.chdir(order["folder"])
    os.environ.update(JUPYTER_DATA_DIR=str(own / "data"), JUPYTER_CONFIG_DIR=str(own / "config"))
    os.environ.update(order["variables"])
    # O_APPEND: a kernel that stops itself opens this file anew
    said = os.open(own / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(descriptor, target)
    sys.argv = ["nbgrader", *order["arguments"]]


if __name__ == "__main__":
    _serve()
