"""One run is told alike in its sentence, its picture and its tables."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time

import pytest
from example_runs import block, bot

from autograder import text, watch
from autograder.grading import tables
from autograder.grading.examination.cells import CellOutcome
from autograder.grading.nbgrader import feedback
from autograder.outcomes import STILL_OPEN
from autograder.report import timeline
from autograder.report.report import Report


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 ms"),
        (0.0002, "0.2 ms"),
        (0.00096, "1 ms"),
        (0.0034, "3 ms"),
        (0.25, "250 ms"),
        (0.9994, "999 ms"),
        (0.9996, "1.00 s"),
        (1.8, "1.80 s"),
        (9.996, "10 s"),
        (12.34, "12 s"),
    ],
)
def test_a_duration_has_one_unit_and_at_most_three_digits(seconds: float, said: str) -> None:
    assert text.duration(seconds) == said


@pytest.mark.parametrize("seconds", [0.0034, 0.0123, 0.25, 0.9996, 2.5, 12.34])
def test_sentence_picture_and_feedback_say_the_same_of_one_block(seconds: float) -> None:
    record = bot(seconds=seconds + 1, holds=[(0.1, seconds)])
    said = text.duration(seconds)
    assert f"The longest block was {said}, at line 7" in Report(record).sentence
    assert f"for {said} (limit 1 ms)" in timeline.alt_text(record, 0.001)
    seen = CellOutcome([], "passed", block=block(0.1, seconds), limit=0.1)
    assert f"Longest block of the loop: {said} at line 7" in str(feedback.box(seen))


def test_a_run_without_a_block_says_from_which_length_on_it_would_have_seen_one() -> None:
    async def hold(seconds: float) -> None:
        end = time.thread_time() + seconds
        while time.thread_time() < end:
            pass

    async def main() -> None:
        held = await watch(hold, 0.004)
        assert held.longest_block >= 0.004
        free = Report(bot(holds=[]))
        assert free.sentence.endswith("The loop was free: no block of 3 ms or longer.")
        free = Report(bot(holds=[], loop="uvloop"))  # whose beats are 5 ms apart
        assert free.sentence.endswith("The loop was free: no block of 8 ms or longer.")
        assert "no block of 8 ms or longer" in timeline.alt_text(free.record)

        record = bot(holds=[])
        record.blocks = [block(0.1, 0.0, doubt=0.2)]  # on a system that does not tell waits
        assert "The loop may have been held for up to 200 ms at line 7" in Report(record).sentence

    asyncio.run(main())
    seen = CellOutcome([], "passed", limit=0.1)
    assert "Longest block of the loop: under 3 ms (limit 100 ms)." in str(feedback.box(seen))
    assert tables._measured(seen) == ("100 ms", "under 3 ms")


def test_what_a_terminal_would_obey_is_written_out_or_left_out() -> None:
    assert text.escaped("\x1b[2J ünï\n") == "\\x1b[2J ünï\\n"
    assert text.printable("\x1b[2J\nünï\ud800", 20) == "[2J ünï"
    assert text.printable("x" * 30, 20) == "x" * 19 + "…"


def test_code_in_a_text_of_ours_is_marked_and_nothing_in_it_is_html() -> None:
    said = text.prose_as_html("use `a < b`\n<b>")
    assert said.startswith("use <code")
    assert said.endswith(">a &lt; b</code><br>&lt;b&gt;")


def test_a_cell_that_is_inconclusive_again_says_what_else_helps() -> None:
    program = """
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
for cell in ("from autograder.outcomes import Inconclusive", *2 * ["raise Inconclusive('Busy.')"]):
    shell.run_cell(cell, store_history=True)
shell.run_cell("raise Inconclusive('Busy, too.')", store_history=True)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    first, again, other = ran.stdout.splitlines()
    assert first == "Inconclusive: Busy."
    assert again == f"Inconclusive: Busy. {STILL_OPEN}"
    assert other == "Inconclusive: Busy, too."


@pytest.mark.parametrize(
    ("line", "fitted"),
    [
        ("One sentence of some words", ["One sentence of some", "words"]),
        (
            "  ok  one  two or three words",
            ["  ok  one  two or", "           three", "           words"],
        ),
        ("           and what it costs", ["           and what", "           it costs"]),
        ("see /a/path/that-nobody/may-cut", ["see", "/a/path/that-nobody/may-cut"]),
        ("", [""]),
    ],
)
def test_a_line_that_is_too_wide_goes_on_below_its_last_column(
    line: str, fitted: list[str]
) -> None:
    assert text.fitted(line, 21).splitlines() == [each for each in fitted if each]


def test_what_check_prints_fits_a_narrow_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "50")
    seen = CellOutcome([], "failed", message="The loop was held. " * 9, limit=0.1)
    row = tables.CheckedCell("a_name_as_long_as_some_labs_have", 10, 12.5, seen)
    tables.show_check("03_gateway", [row], [])
    said = capsys.readouterr().out
    assert max(map(len, said.splitlines())) <= 50
    assert "10 of 12.5   100 ms" in said
