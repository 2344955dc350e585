"""The rows of an unfinished campaign, kept in a file, so that the next run goes on from there."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from autograder.bench.probe.labels import CORPUS
from autograder.bench.probe.scores import SnippetRun
from autograder.paths import PACKAGE


class Journal:
    """Keeps each row when it is complete; `rows` are those that an earlier run has left.

    They are used only if that run measured the same `conditions` with the same code.
    """

    def __init__(self, conditions: Iterable[object], folder: Path | None = None) -> None:
        self.rows: list[SnippetRun] = []
        place = folder or Path(tempfile.gettempdir(), f"bench-probe-{os.getuid()}")
        place.mkdir(mode=0o700, exist_ok=True)
        self.path = place / f"{_fingerprint([*conditions, sys.version])}.jsonl"
        sound = b""
        for line in self.path.read_bytes().splitlines(True) if self.path.exists() else ():
            if not line.endswith(b"\n"):
                break  # written in part, when the run was interrupted
            self.rows.append(SnippetRun(**json.loads(line)))
            sound += line
        self.path.write_bytes(sound)

    def add(self, row: SnippetRun) -> None:
        """Keep a row."""
        with self.path.open("a") as file:
            file.write(json.dumps(dataclasses.asdict(row)) + "\n")

    def finish(self) -> None:
        """The campaign is complete: the next one begins anew. The rows stay, under another name."""
        self.path.replace(self.path.with_name("finished.jsonl"))


def _fingerprint(conditions: Iterable[object]) -> str:
    found = hashlib.sha256(repr(list(conditions)).encode())
    for folder in (CORPUS, PACKAGE / "monitor", PACKAGE / "report", PACKAGE / "bench"):
        for path in sorted(folder.rglob("*.py")):
            found.update(path.read_bytes())
    return found.hexdigest()[:16]
