"""Unit 00 keeps its word: what it shows happens, and what it says of nest_asyncio is still true."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from running_kernel import kernel, run_all

from autograder.course.author import build, parse

ROOT = Path(__file__).resolve().parents[2]
LESSON = ROOT / "source" / "00_start_here" / "lesson.py"
CELLS = parse.read(LESSON, "lesson.py")
RUN_ALL = 60.0  # s; 14-17 s were measured with two cores and a load of 7 to 11

# Two coroutines on a patched loop, each of which runs something of its own inside the running loop.
NESTED = """
import asyncio, nest_asyncio, time
nest_asyncio.apply()
began = time.monotonic()

async def run(name, seconds):
    asyncio.run(asyncio.sleep(seconds))
    print(f"{name} is done after {time.monotonic() - began:.1f} s")

async def main():
    await asyncio.gather(run("the short one", 0.1), run("the long one", 0.6))

asyncio.run(main())
"""

# What it costs to make and await a task, in microseconds of CPU time, before and after the patch.
PRICE = """
import asyncio, nest_asyncio, time

async def nothing():
    pass

async def price(times=10_000):
    began = time.process_time()
    for _ in range(times):
        await asyncio.create_task(nothing())
    return (time.process_time() - began) / times * 1e6

plain = min(asyncio.run(price()) for _ in range(5))
nest_asyncio.apply()
print(plain, min(asyncio.run(price()) for _ in range(5)))
"""


def printed(text: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", text], capture_output=True, text=True, check=True, timeout=60
    )
    assert ran.stderr == ""
    return ran.stdout


def test_a_nested_run_waits_for_one_that_began_later() -> None:
    lines = printed(NESTED).splitlines()
    assert [line.partition(" is")[0] for line in lines] == ["the long one", "the short one"]
    seconds = [float(line.split()[-2]) for line in lines]
    assert min(seconds) >= 0.6


@pytest.mark.slow
def test_the_patch_has_a_price() -> None:
    # 1.44 to 1.59 on 3.11 to 3.13, and 1.50 to 1.53 in 12 runs beside a load of 15. Once it was
    # 0.87: the figures are measured one after the other, and nothing but a CPU that was slow during
    # the first makes it so much larger. Of several runs, the least of each is the code's own.
    plain, patched = [], []
    for _ in range(5):
        before, after = map(float, printed(PRICE).split())
        plain.append(before)
        patched.append(after)
        if 1.1 < min(patched) / min(plain) < 4:
            break
    assert 1.1 < min(patched) / min(plain) < 4, (plain, patched)


@pytest.fixture(scope="module")
def nested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Future[Any]]:
    """What a kernel puts out that has nest_asyncio: patience for the most part, so begun early."""
    cells = [
        "import asyncio, nest_asyncio; nest_asyncio.apply()",
        *["asyncio.run(asyncio.sleep(0.1))"] * 2,
        *["print('here')"] * 3,
    ]

    def run() -> Any:
        with kernel(tmp_path_factory.mktemp("nested")) as client:
            return run_all(client, cells, patience=8)  # they take under a second when they run

    with ThreadPoolExecutor(1) as beside:
        yield beside.submit(run)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course that holds unit 00 alone, so that no work/ but its own is written to."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "autograder", root / "autograder")
    shutil.copytree(LESSON.parent, root / "source" / LESSON.parent.name)
    build.build(root)
    (root / "work" / LESSON.parent.name).mkdir(parents=True)
    return root


def shown(outputs: list[Any]) -> list[str]:
    """What each cell put out, as text; each must have ended, without an error."""
    assert None not in outputs
    assert not [one for of_cell in outputs for one in of_cell if one["type"] == "error"]
    return ["".join(str(one.get("text", one.get("data", ""))) for one in of) for of in outputs]


@pytest.mark.slow
@pytest.mark.timeout(4 * RUN_ALL)
def test_run_all_reaches_the_end_and_shows_what_the_lesson_says(
    nested: Future[Any], course: Path
) -> None:
    code = [cell for cell in CELLS if cell.kind == "code"]
    sources = [cell.source for cell in code]
    named = {cell.name: number for number, cell in enumerate(code) if cell.role == "experiment"}
    verdicts = named["ten-points"] + 2
    first = next(number for number, source in enumerate(sources) if "def make_bot(" in source)
    part = slice(first, verdicts + 1)  # what shows it, with the cells that it needs

    def as_told(seen: list[str]) -> bool:
        """Whether it is so; where the machine keeps the bot waiting, it loses its connection, too,
        and a verdict stays open."""
        free = "hangs up" not in seen[named["second-roll"]]
        free = free and "rolls 2d6: 7" in seen[named["second-roll"]]
        back = "is back (RESUME)" in seen[named["first-roll"]]
        held = "the loop was held" in seen[named["who-is-late"]]
        held = held and "LoopBlocked" in seen[named["ten-points"]]
        return free and back and held and "passed" in seen[verdicts]

    began = time.monotonic()
    with kernel(course / "work" / LESSON.parent.name, course) as client:
        seen = shown(run_all(client, sources, patience=2 * RUN_ALL))
        assert time.monotonic() - began < RUN_ALL
        for pause in (1, 2, 3):  # as a reader does, who is told to run an open cell again
            assert "LoopBlocked" not in seen[verdicts]  # never for an answer that is free
            if as_told(seen):
                break
            time.sleep(pause)
            seen[part] = shown(run_all(client, sources[part], patience=RUN_ALL))
    assert as_told(seen), seen[part]
    assert "hangs up with 4009" in seen[named["first-roll"]]
    assert "cannot be called from a running event loop" in seen[named["run-in-cell"]]
    assert all(word in seen[verdicts] for word in ("NotAttempted", "WrongValue"))
    assert "LoopBlocked" not in seen[verdicts]
    assert len(list((course / "work").glob("unblocked-*.zip"))) == 1


@pytest.mark.slow
def test_nest_asyncio_still_stops_run_all(nested: Future[Any]) -> None:
    """When this fails, a sentence of the lesson's fine print is out of date, which is good news."""
    assert None in nested.result()
