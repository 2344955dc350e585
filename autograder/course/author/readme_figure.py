"""The picture of the README: a blocked loop, drawn by the code from the record of a real run.

Each run gives other figures, so the record of one run is stored beside the picture, and a build
only draws it again. Pictures are compared by what they show and not by their bytes: another version
of matplotlib may write the same line with other digits.
"""

from __future__ import annotations

import io
import itertools
import json
import linecache
import re
from pathlib import Path
from typing import Any

from autograder.course.unit import shown
from autograder.report import timeline
from autograder.report.record import Record

_NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
_HASH = re.compile(r"\b[hmp][0-9a-f]{10}\b")  # ids that matplotlib makes from what it draws
_ROUNDING = 0.6  # SVG units, in a picture that is 540 wide: too small to see


def record_path(root: Path) -> Path:
    """Return the path of the stored run, which `record_readme_run` writes; delete it for a new."""
    return root / ".github" / "blocked_loop.json"


def picture_path(root: Path) -> Path:
    """Return the path of the picture that README.md shows."""
    return root / ".github" / "blocked_loop.svg"


def draw(root: Path) -> list[str]:
    """Draw the picture if it is missing or differs, and say so; without a README, do nothing."""
    if not (root / "README.md").exists():
        return []
    if not record_path(root).exists():
        record_path(root).parent.mkdir(exist_ok=True)
        record_readme_run(record_path(root))
    if not check(root):
        return []
    picture_path(root).write_bytes(readme_picture(record_path(root)))
    return [f"{shown(root, picture_path(root))}: drawn."]


def check(root: Path) -> list[str]:
    """Return a sentence if the committed picture is not the one that the code draws now."""
    if not (root / "README.md").exists():
        return []
    record_file, picture = record_path(root), picture_path(root)
    for path in (record_file, picture):
        if not path.exists():
            return [f"{shown(root, path)}: is missing."]
    try:
        today = readme_picture(record_file).decode()
    except (ValueError, KeyError, TypeError) as error:
        return [f"{shown(root, record_file)}: is not a record ({error}); delete it and build."]
    if same(picture.read_text(encoding="utf-8", errors="replace"), today):
        return []
    return [f"{shown(root, picture)}: is not what the code draws of {record_file.name} today."]


def same(one: str, other: str) -> bool:
    """Return True if two SVG files show the same: equal words, numbers that differ by rounding."""
    one, other = _HASH.sub("made-up", one), _HASH.sub("made-up", other)
    if [*_NUMBER.sub("#", one).split()] != [*_NUMBER.sub("#", other).split()]:
        return False
    pairs = itertools.zip_longest(_NUMBER.findall(one), _NUMBER.findall(other), fillvalue="nan")
    return all(a == b or abs(float(a) - float(b)) <= _ROUNDING for a, b in pairs)


def readme_picture(path: Path) -> bytes:
    """Draw the record that `record_readme_run` stored at `path` as SVG, always the same bytes.

    Raises OSError when there is no such file, and ValueError when it holds no record.
    """
    import matplotlib

    from autograder.report.record import Record

    stored = json.loads(path.read_text(encoding="utf-8"))
    try:
        figure = timeline.draw(Record.from_stored(stored["record"]), stored["limit"])
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path.name} holds no record of a watched run") from error
    out = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "unblocked", "svg.fonttype": "path"}):
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    return out.getvalue()


def record_readme_run(path: Path, limit: float = 0.1) -> Record:
    """Watch BOT, whose handler blocks, store the record at `path` as JSON, and return it.

    Call it while the machine is idle: CPU time that other programs take would be in the picture.
    """
    from autograder.monitor import run

    # Tracebacks and `frames` look up the text of a line here, so the bot needs no file.
    linecache.cache["bot.py"] = (len(BOT), None, BOT.splitlines(keepends=True), "bot.py")
    names: dict[str, Any] = {}
    exec(compile(BOT, "bot.py", "exec"), names)
    record = run.run(names["bot"])
    plain = record.to_plain()
    plain.update(value=None, traceback="", began=0.0, lanes=[list(lane) for lane in record.lanes])
    stored = json.dumps({"limit": limit, "record": _rounded(plain)})
    path.write_text(stored + "\n", encoding="utf-8")
    return record


BOT = """\
import asyncio
import time


async def on_message(content):
    time.sleep(0.25)


async def heartbeat():
    while True:
        await asyncio.sleep(0.04)


async def update_presence():
    while True:
        await asyncio.sleep(0.015)


async def save_scores():
    while True:
        await asyncio.sleep(0.025)


async def bot():
    others = [asyncio.create_task(task()) for task in (heartbeat, update_presence, save_scores)]
    await asyncio.sleep(0.13)
    await asyncio.create_task(on_message("!roll 2d6"))
    await asyncio.sleep(0.22)
"""


def _rounded(plain: Any) -> Any:
    """Round every float to a microsecond: further digits are noise and make the file larger."""
    if isinstance(plain, float):
        return round(plain, 6)
    if isinstance(plain, dict):
        return {key: _rounded(value) for key, value in plain.items()}
    return [_rounded(value) for value in plain] if isinstance(plain, list | tuple) else plain
