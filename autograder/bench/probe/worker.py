"""One detector in a process of its own, and the side of the bench that talks to it.

JSON lines over stdin and stdout. The process prepares all snippets once, on a quiet machine, and
then runs one whenever it is asked: the bench asks the detectors in turn, so that all of them meet
the same weather.
"""

from __future__ import annotations

import contextlib
import gc
import json
import logging
import os
import select
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from typing import Any, TextIO

import psutil

from autograder.bench.probe import labels
from autograder.bench.probe.detectors import DETECTORS, Detection
from autograder.bench.probe.snippets import made
from autograder.monitor import garbage

ANSWER_WITHIN = 60.0  # s; a detector that takes longer has crashed or hangs
PREPARE_WITHIN = 600.0


class Worker:
    """Runs snippets under one detector, in a process; those that are `alone` in a second one."""

    def __init__(
        self,
        detector: str,
        snippets: Sequence[str] | None = None,
        limit: float = labels.LIMIT,
        *,
        on_thread: bool = False,
        python: Sequence[str] = (sys.executable,),
        starting: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext,
    ) -> None:
        """`snippets` of the corpus are prepared (None: all); `starting` is entered meanwhile."""
        command = [*python, "-m", "autograder.bench.probe.worker", detector, str(limit)]
        command += ["thread"] if on_thread else []
        corpus = labels.load() if snippets is None or snippets else {}
        names = corpus if snippets is None else snippets
        alone = [name for name in names if corpus[name].alone]
        together = [name for name in names if not corpus[name].alone]
        self._processes = [_Process(command, together, starting)]
        if alone:
            self._processes.append(_Process(command, alone, starting))
        self._second = dict.fromkeys(alone, self._processes[-1])
        self.crashes = 0

    def run(self, name: str, detector: str = "") -> Detection | None:
        """Run one snippet (under another detector of the same process, when one is named).

        None when the process crashed or hung, and a new one was started.
        """
        process = self._second.get(name, self._processes[0])
        try:
            return Detection(**process.ask({"run": name, "under": detector}, ANSWER_WITHIN))
        except (EOFError, OSError, TimeoutError):
            self.crashes += 1
            process.close()
            process.start()
            return None

    def close(self) -> None:
        """End the processes, and what they started."""
        for process in self._processes:
            process.close()


class _Process:
    """A process that has prepared these snippets, and answers one question after another."""

    def __init__(
        self,
        command: Sequence[str],
        snippets: Sequence[str],
        starting: Callable[[], AbstractContextManager[object]],
    ) -> None:
        self._command = command
        self._snippets = snippets
        self._starting = starting
        self.start()

    def start(self) -> None:
        """Start it, and wait until it has prepared its snippets."""
        with self._starting():
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
            )
            self._rest = b""
            self.ask({"prepare": self._snippets}, PREPARE_WITHIN)

    def ask(self, question: dict[str, Any], within: float) -> dict[str, Any]:
        """Return its answer. Raises EOFError, OSError or TimeoutError (after `within` s)."""
        pipe = self._process.stdin
        assert pipe is not None
        pipe.write(json.dumps(question).encode() + b"\n")
        answer: dict[str, Any] = json.loads(self._line(within))
        return answer

    def close(self) -> None:
        """End it, and what it started."""
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()

    def _line(self, within: float) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None
        while b"\n" not in self._rest:
            ready, _, _ = select.select([pipe], [], [], within)
            if not ready:
                raise TimeoutError
            piece = os.read(pipe.fileno(), 65536)
            if not piece:
                raise EOFError
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line


def _main(detector: str, limit: str, place: str = "") -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a snippet prints must not end up among the answers
    quiet = logging.getLogger("asyncio")  # what snippets do wrong is expected here
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    snippets: dict[str, labels.Snippet] = {}
    for line in sys.stdin:
        question = json.loads(line)
        if "prepare" in question:
            snippets = _prepared(question["prepare"])
            answer: dict[str, Any] = {}
        else:
            name = question["run"]
            snippet = snippets[name] if name in snippets else made(name)
            under = question["under"] or detector
            answer = asdict(_observe(under, snippet, float(limit), place))
        _say(answers, answer)


def _prepared(names: Sequence[str]) -> dict[str, labels.Snippet]:
    """Load the corpus and make the workloads of these snippets.

    A process that needs none of them is left without the threads and libraries of the corpus.
    """
    snippets = labels.load() if names else {}
    for name in names:
        snippets[name].given()
    # A full collection over the workloads (100 ms) would be blamed on whatever snippet meets it.
    garbage.tidy()
    return snippets


def _observe(detector: str, snippet: labels.Snippet, limit: float, place: str) -> Detection:
    args = snippet.given()
    gc.collect()
    if place != "thread" or snippet.main_thread:
        return DETECTORS[detector](snippet, args, limit)
    seen: list[Detection] = []
    thread = threading.Thread(target=lambda: seen.append(DETECTORS[detector](snippet, args, limit)))
    thread.start()
    thread.join()
    return seen[0]


def _say(answers: TextIO, answer: dict[str, Any]) -> None:
    answers.write(json.dumps(answer) + "\n")
    answers.flush()


if __name__ == "__main__":
    _main(*sys.argv[1:])
