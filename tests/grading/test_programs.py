"""Honest programs whose main thread sleeps outside its loop now and then: the witness doubts none.

They start processes, wait for the GIL, or handle signals. All are in one notebook.
"""

from __future__ import annotations

import time

import pytest

from autograder.bench.hogs import hogs
from autograder.grading.examination import session, verdicts
from autograder.grading.examination.cells import Cell, CellOutcome

SETUP = """
import asyncio, multiprocessing, os, signal, time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.forkserver import ensure_running

from autograder import watch


def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
    return os.getpid()
"""
SUBPROCESSES = """
    for _ in range(5):
        process = await asyncio.create_subprocess_exec("true")
        await process.wait()
"""
IN_A_POOL = """
    await asyncio.to_thread(ensure_running)  # to wait for its start holds a loop
    loop, context = asyncio.get_running_loop(), multiprocessing.get_context({kind!r})
    pool = ProcessPoolExecutor(os.cpu_count(), context, initializer=os.nice, initargs=(5,))
    jobs = [loop.run_in_executor(pool, sum, range(3 * 10**6)) for _ in range(os.cpu_count())]
    await asyncio.gather(*jobs)
    await asyncio.to_thread(pool.shutdown)
"""
PROGRAMS = {
    "subprocesses": SUBPROCESSES,
    "uvloop": SUBPROCESSES,
    "threads": "    await asyncio.gather(*(asyncio.to_thread(compute, 0.1) for _ in range(4)))",
    "spawn": IN_A_POOL.format(kind="spawn"),
    "forkserver": IN_A_POOL.format(kind="forkserver"),
    "shutdown": """
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
        told.clear()
        asyncio.get_running_loop().add_signal_handler(number, told.set)
        os.kill(os.getpid(), number)
        await told.wait()
        asyncio.get_running_loop().remove_signal_handler(number)
""",
}
CELLS = [Cell(0, "setup", "tools", SETUP)]
for name, body in PROGRAMS.items():
    loop = "uvloop" if name == "uvloop" else "asyncio"
    # Threads keep the GIL, and a pool starts its processes on the loop: that may take 0.1 s here.
    # What the witness doubts does not depend on the limit.
    test = f'report = await watch({name}, loop="{loop}")\nreport.returned(7)\n'
    test += "report.responsive(0.5)"
    answer = f"async def {name}():\n{body}\n    return 7"
    CELLS.append(Cell(len(CELLS), "learner", name, answer))
    CELLS.append(Cell(len(CELLS), "test", f"{name}_visible", test, 1.0))


def outcomes(tests: list[str] | None = None) -> dict[str, CellOutcome]:
    seen = session.examine(CELLS, tests=tests).seen
    tested = [cell for cell in CELLS if cell.role == "test" and cell.index in seen]
    return {cell.name: seen[cell.index] for cell in tested}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_honest_programs_pass() -> None:
    seen = outcomes()
    # A busy machine may leave a verdict open in all three examinations, one directly after the
    # other. What is doubted, or fails, is not tried again.
    for pause in (2, 4):
        left = [name for name, one in seen.items() if one.status == verdicts.INCONCLUSIVE]
        if left:
            time.sleep(pause)
            seen |= outcomes(left)
    assert {name: one.message for name, one in seen.items() if one.status != verdicts.PASSED} == {}


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("beside", [0, 8], ids=["quiet", "8-hogs"])
def test_honest_programs_are_never_doubted(beside: int) -> None:
    # A busy machine may leave a verdict open, and never turn it.
    with hogs(cpu=beside):
        wrong = [
            (name, one.status, one.message)
            for _ in range(20)
            for name, one in outcomes().items()
            if one.status not in (verdicts.PASSED, verdicts.INCONCLUSIVE)
        ]
    assert wrong == []
