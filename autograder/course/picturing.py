"""The picture of the README: a blocked loop, drawn by the code from the record of a real run.

A new run would give other figures each time, so the record is kept as data beside the picture and
only the drawing is repeated. What is compared is what is drawn, not the bytes: another version of
matplotlib may write the same line with other digits.
"""

from __future__ import annotations

import itertools
import re
from pathlib import Path

from autograder.course.units import shown

_NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
_HASH = re.compile(r"\b[hmp][0-9a-f]{10}\b")  # ids that matplotlib makes from what it draws
_ROUNDING = 0.6  # SVG units of a picture 540 wide: less than the eye sees


def record_path(root: Path) -> Path:
    """The stored run, as `timeline.record_readme_run` writes it; delete it for a new one."""
    return root / ".github" / "blocked_loop.json"


def picture_path(root: Path) -> Path:
    """The picture that README.md shows."""
    return root / ".github" / "blocked_loop.svg"


def draw(root: Path) -> list[str]:
    """Draws the picture where it is missing or differs; a repository without README has none."""
    if not (root / "README.md").exists():
        return []
    from autograder.report import timeline

    if not record_path(root).exists():
        record_path(root).parent.mkdir(exist_ok=True)
        timeline.record_readme_run(record_path(root))
    if not check(root):
        return []
    picture_path(root).write_bytes(timeline.readme_picture(record_path(root)))
    return [f"{shown(root, picture_path(root))}: drawn."]


def check(root: Path) -> list[str]:
    """A sentence when the committed picture is not the one the code draws today."""
    if not (root / "README.md").exists():
        return []
    record_file, picture = record_path(root), picture_path(root)
    for path in (record_file, picture):
        if not path.exists():
            return [f"{shown(root, path)}: is missing."]
    from autograder.report import timeline

    try:
        today = timeline.readme_picture(record_file).decode()
    except (ValueError, KeyError, TypeError) as error:
        return [f"{shown(root, record_file)}: is not a record ({error}); delete it and build."]
    if same(picture.read_text(encoding="utf-8", errors="replace"), today):
        return []
    return [f"{shown(root, picture)}: is not what the code draws of {record_file.name} today."]


def same(one: str, other: str) -> bool:
    """Whether two SVG files show the same: same words, and numbers that differ by rounding."""
    one, other = _HASH.sub("made-up", one), _HASH.sub("made-up", other)
    if [*_NUMBER.sub("#", one).split()] != [*_NUMBER.sub("#", other).split()]:
        return False
    pairs = itertools.zip_longest(_NUMBER.findall(one), _NUMBER.findall(other), fillvalue="nan")
    return all(a == b or abs(float(a) - float(b)) <= _ROUNDING for a, b in pairs)
