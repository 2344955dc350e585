"""`watch` where the process around it was changed: nest_asyncio, loop policies, a real kernel.

Each of them changes a whole process, so each runs in one of its own.
"""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import start_new_kernel
from processes import IMPORTS

ROLL = """
import asyncio, time
from autograder import watch

async def roll(n):
    await asyncio.sleep(0.02)
    time.sleep(0.2)
    return n
"""

# The sampler needs a CPU during the block to see the line, and other work may spoil the length.
SEEN = """
async def seen(function, *args):
    for tries in range(4):
        await asyncio.sleep(tries)
        report = await watch(function, *args)
        if 0.188 < report.longest_block < 0.21 and report.blocks[0].line:
            break
    return report
"""

# Deprecated since 3.14 and gone with 3.16: what learners still write, and nest_asyncio 1.6 calls.
POLICIES = """
import warnings
warnings.filterwarnings("ignore", r"'asyncio\\.\\w*(p|P)olicy' is deprecated", DeprecationWarning)
"""


def python(program: str, before: str = "") -> str:
    """Run a program in a fresh interpreter, warnings as errors; return what it printed."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "bot.py")
        file.write_text(before + ROLL + SEEN + textwrap.dedent(program))
        done = subprocess.run(
            [sys.executable, "-W", "error", str(file)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "PYTHONPATH": IMPORTS},
        )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_under_nest_asyncio_the_verdict_is_the_same_nested_or_not() -> None:
    program = """
        import nest_asyncio

        async def nested():
            return asyncio.run(roll(5))

        async def main():
            nest_asyncio.apply()
            for function, *args in (roll, 3), (nested,):
                report = await seen(function, *args)
                print(report.value, round(report.longest_block, 1), report.blocks[0].function)

        asyncio.run(main())
    """
    said = python(program, before=POLICIES)
    assert said.splitlines() == ["3 0.2 roll", "5 0.2 roll"]


def test_a_loop_policy_of_the_learner_changes_nothing() -> None:
    program = """
        class Policy(asyncio.DefaultEventLoopPolicy):
            def new_event_loop(self):
                raise RuntimeError("not for you")

        async def main():
            asyncio.set_event_loop_policy(Policy())
            report = await seen(roll, 3)
            print(report.value, round(report.longest_block, 1))

        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(main())
    """
    said = python(program, before=POLICIES)
    assert said.split() == ["3", "0.2"]


def test_nothing_is_collected_while_the_frames_of_another_thread_are_read() -> None:
    # What a collection calls can lose the GIL: then CPython until 3.11.8 may stand still for ever
    # (gh-106883), or link the object of a frame to memory that others use.
    said = python("""
        import gc, sys, threading, weakref
        from autograder.blame import frames_now

        class Knot:
            def __init__(self):
                self.itself = self

        def waits(deep):
            waits(deep - 1) if deep else enough.wait()

        enough, collected = threading.Event(), []
        other = threading.Thread(target=waits, args=(50,))
        other.start()
        time.sleep(0.1)
        with frames_now() as frames:
            refs = [weakref.ref(Knot(), collected.append)]
            gc.set_threshold(1)  # from here on whatever is made sets a collection off
            frame = frames[other.ident]
            while frame is not None:
                frame = frame.f_back
            early = len(collected)
            # From 3.12 a collection runs between any two bytecodes, so in this loop as well.
            early = 0 if sys.version_info >= (3, 12) else early
            with frames_now() as others:
                print(early, len(others) in (0, len(frames)))
        gc.collect()
        print(len(collected), gc.isenabled())
        gc.disable()
        with frames_now():
            pass
        print(gc.isenabled())
        enough.set()
    """)
    assert said == "0 True\n1 True\nFalse\n"


def test_importing_watch_is_quick_and_draws_nothing_in() -> None:
    """0.14 s were measured for the import alone, of 0.3 allowed; what matters is what stays out."""
    said = python("""
        import sys
        heavy = "matplotlib", "nbgrader", "aiohttp", "IPython"
        print([name for name in heavy if name in sys.modules])
    """)
    assert said.strip() == "[]"


@pytest.mark.slow
def test_in_a_kernel_with_all_cells_queued_each_gets_its_prints_sentence_and_picture() -> None:
    cells = [
        ROLL + SEEN,
        "report = await seen(roll, 7)\nreport",
        "report.responsive(0.1)",
        "print('after')",
        "async def stub():\n    raise NotImplementedError()",
        "(await watch(stub)).returned(1)",
        "print('end')",
    ]
    outputs = run_all(cells)
    picture = outputs[1][0]["data"]
    assert "was held for" in picture["text/html"]
    assert re.search(r"(18|19|20)\d ms, at line 6 of In \[1\]", picture["text/plain"])
    shown, error = outputs[2]
    assert "image/png" in shown["data"]["text/html"]
    (said,) = error["traceback"]
    assert re.sub(r"(18|19|20)\d ms", "200 ms", said) == (
        "LoopBlocked: While `roll` ran, the loop was held for 200 ms (limit 100 ms) "
        "at line 6 of In [1], `time.sleep(0.2)`."
    )
    assert outputs[3][0]["text"] == "after\n"
    assert outputs[5][0]["traceback"] == [
        "NotAttempted: `stub`: not attempted. The cell still raises NotImplementedError."
    ]
    assert outputs[6][0]["text"] == "end\n"


def run_all(cells: list[str]) -> list[list[dict[str, Any]]]:
    """Run cells in a kernel as Run All does: all of them are queued before the first is done."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        ids = [client.execute(cell, stop_on_error=False) for cell in cells]
        outputs: list[list[dict[str, Any]]] = [[] for _ in cells]
        idle = 0
        while idle < len(cells):
            try:
                message = client.get_iopub_msg(timeout=60)
            except queue.Empty:
                raise AssertionError(f"the kernel fell silent after {idle} cells") from None
            parent = message["parent_header"].get("msg_id")
            if parent not in ids:
                continue
            content = message["content"]
            if message["msg_type"] in ("stream", "display_data", "execute_result", "error"):
                outputs[ids.index(parent)].append(content)
            idle += content.get("execution_state") == "idle"
        return outputs
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
