"""Which line is named: the learner's innermost one, in texts and in library code as well."""

from __future__ import annotations

import argparse
import asyncio
import dis
import functools
import importlib
import linecache
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from tries import tries

from autograder.monitor.frames import EXECUTED, _jumps_to
from autograder.monitor.run import run
from autograder.report.record import Block, Record
from autograder.report.report import Report

# The sampler looks each 20 ms. A busy machine keeps it from that for 40 ms and more, so what it
# must see lasts several times as long.
TEXT = """
async def evening():
    for _ in range(2):
        sleep(0.12)
        if _ == 5:
            break
"""
SLOW_LIBRARY = """
import time, asyncio

def load():
    _load()

def _load():
    time.sleep(0.25)

def start():
    async def work():
        _load()
    return asyncio.create_task(work())
"""


def seen(function: Callable[[], Any], line: int, library: str = "") -> Record:
    """Watch a call, and again if its longest block has another line or library than this."""
    for _ in tries():
        record = run(function)
        block = longest_of(record)
        if (block.line, block.library) == (line, library):
            break
    return record


def longest_of(record: Record) -> Block:
    return max(record.blocks, key=lambda block: block.seconds)


def longest(function: Callable[[], Any], line: int, library: str = "") -> Block:
    """Return the longest block of the call that `seen` returns."""
    return longest_of(seen(function, line, library))


def line_of(text: str) -> int:
    """Return the number of the first line of this file that has the text."""
    lines = Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def codes(code: CodeType) -> list[CodeType]:
    """Return a code object with all that are nested in it."""
    nested = [one for one in code.co_consts if isinstance(one, CodeType)]
    return [code, *(inner for one in nested for inner in codes(one))]


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="from 3.12 on each jump has a line")
def test_a_jump_back_leads_to_where_the_disassembler_says() -> None:
    jumps = 0
    for module in (argparse, asyncio.base_events, logging, functools):
        assert module.__file__ is not None
        for code in codes(compile(Path(module.__file__).read_text(), module.__file__, "exec")):
            for one in dis.get_instructions(code):
                if one.opname in ("JUMP_BACKWARD", "JUMP_ABSOLUTE"):
                    assert _jumps_to(code.co_code, one.offset) == one.argval
                    jumps += one.offset - one.argval > 512  # with an EXTENDED_ARG
    assert jumps > 5


def test_a_text_given_to_exec_is_the_learners_code() -> None:
    namespace: dict[str, Any] = {"sleep": time.sleep}
    exec(TEXT, namespace)
    block = longest(namespace["evening"], 4)
    assert (block.file, block.line, block.function) == (EXECUTED, 4, "evening")
    assert block.code == "", "many texts have this name, so none of them is shown"


def test_the_line_of_a_text_is_shown_if_linecache_has_it() -> None:
    linecache.cache["<night>"] = len(TEXT), None, TEXT.splitlines(keepends=True), "<night>"
    namespace: dict[str, Any] = {"sleep": time.sleep}
    exec(compile(TEXT, "<night>", "exec"), namespace)
    block = longest(namespace["evening"], 4)
    assert (block.file, block.line, block.code) == ("<night>", 4, "sleep(0.12)")


@dataclass
class Slow:
    waits: Any = field(default_factory=functools.partial(time.sleep, 0.25))


def test_a_method_that_python_makes_of_a_text_is_not_the_learners() -> None:
    async def evening() -> None:
        Slow()  # the generated method

    line = line_of("Slow()  # the gen")
    block = longest(evening, line)
    assert (block.file, block.line) == (Path(__file__).name, line)


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    folder = tmp_path / "site-packages" / "slow_library"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text(SLOW_LIBRARY)
    monkeypatch.syspath_prepend(str(folder.parent))
    yield importlib.import_module("slow_library")
    del sys.modules["slow_library"]


def test_a_block_in_library_code_names_ones_own_line_and_the_library(library: Any) -> None:
    async def evening() -> None:
        library.load()  # called by the learner

    line = line_of("# called by the l")
    record = seen(evening, line, "slow_library")
    block = longest_of(record)
    assert (block.line, block.library) == (line, "slow_library")
    with pytest.raises(AssertionError, match=r"`library.load\(\)`, in the library slow_library\.$"):
        Report(record).responsive(0.05)


def test_a_librarys_own_task_names_the_line_that_waits_and_the_library(library: Any) -> None:
    async def evening() -> None:
        time.sleep(0.03)
        await library.start()  # waits for the library

    line = line_of("# waits for the l")
    block = longest(evening, line, "slow_library")
    assert (block.line, block.library) == (line, "slow_library")


def test_what_asyncio_does_after_a_step_does_not_count_for_the_caller(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # In debug mode asyncio writes a log of each slow step, in the same pass of the loop.
    slow: Any = eval(compile("lambda record: sleep(0.3)", "<frozen log>", "eval"), vars(time))
    monkeypatch.setattr(logging.getLogger("asyncio"), "filters", [slow])

    async def step() -> None:
        time.sleep(0.15)  # the slow step

    async def evening() -> None:
        asyncio.get_running_loop().set_debug(True)
        await asyncio.create_task(step())

    line = line_of("# the slow step")
    assert longest(evening, line).line == line
