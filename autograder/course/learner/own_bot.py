"""What `run` found out about the learner's own bot: before the repairs, and now.

`run` keeps it in work/.unblocked/own_bot.json. The audit notebook shows it, and adds how far its
list of questions is; `progress` tells both.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course import store
from autograder.course.unit import repository

MOST = 20  # bots that are kept
LINES = 100  # of one run; the worst come first


@dataclass(frozen=True)
class Audit:
    """How far the audit is of the bot that was run last.

    `before` and `after` have a line of text for each line that held its loop, in the form of
    loopwatch; `letters` has one for each question: y, n, -, or ? for one not looked at yet.
    """

    bot: str = ""  # its file's name; "" before the first run
    before: str = ""
    after: str = ""
    letters: str = ""

    @property
    def done(self) -> bool:
        """Whether the loop is free now, and each question was looked at."""
        return bool(self.bot and self.letters) and not self.after and "?" not in self.letters

    def __str__(self) -> str:
        if not self.bot:
            return "`python3 -m autograder run` has run no bot of yours yet."
        looked = len(self.letters) - self.letters.count("?")
        asked = f"{looked} of {len(self.letters)} questions" if self.letters else "no question"
        before, after = _many(self.before), _many(self.after)
        return (
            f"The audit of {self.bot}: {before} held its loop before, {after} now; "
            f"{asked} looked at."
        )


def audit(letters: str | None = None, root: Path | None = None) -> Audit:
    """Return how far the audit is of the bot that was run last; keep the letters of its list."""
    file = _file(root)
    if letters is not None and _bots(store.read(file)):
        with contextlib.suppress(OSError), store.changing(file) as content:
            bots = content["bots"] = _bots(content)
            bots[list(bots)[-1]]["letters"] = letters
    kept = list(_bots(store.read(file)).items())[-1:]
    for bot, found in kept:
        before, after = (str(found.get(name, "")) for name in ("before", "after"))
        return Audit(Path(bot).name, before, after, str(found.get("letters", "")))
    return Audit()


def keep(bot: Path, found: dict[str, Any], root: Path | None = None) -> str:
    """Keep what a run found out, and return a sentence about it.

    The first run of a bot is the one *before*, or the first one in which a line held its loop.
    """
    after = "\n".join(
        f"loop held for {line['longest']:.2f} s: {line['file']}:{line['line']} in "
        f"{line['function']}: {line['code']}"
        for line in found["lines"][:LINES]
    )
    try:
        with store.changing(_file(root)) as content:
            bots = content["bots"] = _bots(content)
            kept = bots.pop(str(bot), {})
            before = str(kept.get("before") or after)
            bots[str(bot)] = {**kept, "before": before, "after": after}  # the last one comes last
            while len(bots) > MOST:
                del bots[next(iter(bots))]
    except OSError as error:
        return f"The audit notebook cannot show this run: {error}."
    held = f"before, {_many(before)} held the loop; now {_many(after)}"
    return f"work/toolbox/audit.ipynb shows it: {held}."


def _file(root: Path | None) -> Path:
    return store.folder(root or repository()) / "own_bot.json"


def _bots(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    bots = content.get("bots")
    found = bots.items() if isinstance(bots, dict) else ()
    return {bot: kept for bot, kept in found if isinstance(kept, dict)}


def _many(text: str) -> str:
    lines = len(text.splitlines())
    return "no line" if not lines else "1 line" if lines == 1 else f"{lines} lines"
