"""nbgrader's command line, a dozen times in a row.

A command spends 2 to 3 s on nbgrader's imports. Here one process imports nbgrader, and forks for
each command: every command still is a process of its own, with its own settings and folder.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path
from types import TracebackType

from processes import IMPORTS

ROOT = Path(__file__).resolve().parents[2]


class Commands:
    """Runs `nbgrader` in the folders of an instructor and of students."""

    def __init__(self, home: Path) -> None:
        """Keep what the commands say, and what nbgrader keeps of a person, below `home`."""
        self._home = home
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

    def run(self, folder: Path, *arguments: str) -> str:
        """Run one command in a person's folder and return what it said; it must succeed."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        own = self._home / folder.name
        own.mkdir(parents=True, exist_ok=True)
        order = {"folder": str(folder), "own": str(own), "arguments": arguments}
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        code = process.stdout.readline().strip()
        said = (own / "said").read_text()
        assert code == "0", f"nbgrader {' '.join(arguments)} ended with {code}: {said[-3000:]}"
        return said


def _serve() -> None:
    from nbgrader.apps.nbgraderapp import NbGraderApp

    gc.freeze()  # 0.1 s a command instead of 0.9: at its end it collects what it has made, only
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            _move_in(order)
            NbGraderApp.launch_instance()
            return
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(code, flush=True)


def _move_in(order: dict[str, str]) -> None:
    """Take the folder, the arguments and the output of one command."""
    own = Path(order["own"])
    os.chdir(order["folder"])
    os.environ.update(JUPYTER_DATA_DIR=str(own / "data"), JUPYTER_CONFIG_DIR=str(own / "config"))
    said = os.open(own / "said", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for descriptor, target in ((nothing, 0), (said, 1), (said, 2)):
        os.dup2(descriptor, target)
    sys.argv = ["nbgrader", *order["arguments"]]


if __name__ == "__main__":
    _serve()
