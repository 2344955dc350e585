"""The audit of the learner's own bot: what `run` found is kept, shown and counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from autograder.course.learner import own_bot, progress

BLOCK = {"file": "bot.py", "line": 7, "function": "roll", "code": "time.sleep(1)", "longest": 1.5}


def found(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"limit": 0.1, "lines": list(lines)}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path


def finish(root: Path) -> list[str]:
    return progress.Progress(root, []).summary()


def test_the_first_run_is_before_and_the_last_one_is_now(root: Path) -> None:
    bot = root / "bot.py"
    assert own_bot.audit(root=root) == own_bot.Audit()
    own_bot.keep(bot, found(BLOCK), root)
    said = own_bot.keep(bot, found(BLOCK, BLOCK), root)
    assert said.endswith("before, 1 line held the loop; now 2 lines.")
    own_bot.keep(bot, found(), root)
    line = "loop held for 1.50 s: bot.py:7 in roll: time.sleep(1)"
    assert own_bot.audit(root=root) == own_bot.Audit("bot.py", line, "")


def test_a_free_first_run_is_not_yet_the_one_before(root: Path) -> None:
    bot = root / "bot.py"
    own_bot.keep(bot, found(), root)
    own_bot.keep(bot, found(BLOCK), root)
    assert own_bot.audit(root=root).before.startswith("loop held for 1.50 s")


def test_each_bot_has_its_own_audit_and_the_last_one_counts(root: Path) -> None:
    own_bot.keep(root / "a.py", found(BLOCK), root)
    own_bot.keep(root / "b.py", found(), root)
    assert own_bot.audit(root=root) == own_bot.Audit("b.py")
    own_bot.keep(root / "a.py", found(), root)
    assert own_bot.audit(root=root).before.count("bot.py:7") == 1


def test_the_audit_is_done_when_the_loop_is_free_and_each_question_was_looked_at(
    root: Path,
) -> None:
    own_bot.audit("yyy", root)  # no bot was run yet: nothing to keep
    assert not own_bot.audit(root=root).bot
    assert finish(root)[1].startswith("You have enough points to finish the course; now audit")
    own_bot.keep(root / "bot.py", found(BLOCK), root)
    own_bot.audit("yn-?", root)
    said = (
        "The audit of bot.py: 1 line held its loop before, 1 line now; 3 of 4 questions looked at."
    )
    assert said in finish(root)
    own_bot.audit("yn-y", root)
    assert not own_bot.audit(root=root).done  # a line still holds the loop
    own_bot.keep(root / "bot.py", found(), root)
    assert own_bot.audit(root=root).done
    assert finish(root)[1].startswith("You have finished the course")


def test_a_note_that_is_broken_stops_nothing(root: Path) -> None:
    own_bot.keep(root / "bot.py", found(), root)
    file = root / "work" / ".unblocked" / "own_bot.json"
    for text in ("{", "[]", '{"bots": []}', '{"bots": {"bot.py": 3}}'):
        file.write_text(text)
        own_bot.audit("y", root)
        assert own_bot.keep(root / "bot.py", found(), root)
