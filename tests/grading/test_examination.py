"""What a learner's code does costs its own test, and nothing else.

The answers below go into a unit of three exercises (tests/support/toy_unit.py); unless a test says
otherwise, the other exercises are answered right and must keep their points. A call of the toy unit
has 2 s, or `patience`, and up to 5 s more to be stopped; a cell has CELL_SECONDS.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
import pytest
import toy_unit as toy

from autograder.grading.examination import session as examination
from autograder.grading.examination.cells import (
    ATTEMPTS,
    Cell,
    CellOutcome,
    ExaminationFailed,
    Examined,
)
from autograder.grading.submission import assignment

CELL_SECONDS = 9.0
BOTS_SECONDS = 30.0  # a bot connects, talks and leaves: 3 s on a quiet machine
RIGHT = {"double_visible": "passed", "roll_visible": "passed", "tally_visible": "passed"}


@pytest.fixture(autouse=True)
def _asyncio_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    """The examiner's and the candidate's own loops run in debug mode."""
    monkeypatch.setenv("PYTHONASYNCIODEBUG", "1")


def examine(
    content: dict[str, Any],
    *,
    bot: bool = False,
    patience: float = 2,
    seconds: float = CELL_SECONDS,
) -> dict[str, CellOutcome]:
    """Examine a notebook and return what came of the tests; `roll` has `patience` to be run."""
    lab = toy.notebook(bot=bot)
    test = toy.cell_of(lab, "roll_visible")
    test["source"] = test["source"].replace("timeout=2", f"timeout={patience:g}")
    originals = assignment.originals_of_notebook(lab)
    cells = assignment.cells_to_examine(nbformat.from_dict(content), originals)
    examined = examination.examine(cells, promised=assignment.promised(originals), seconds=seconds)
    return {cell.name: examined.seen[cell.index] for cell in cells if cell.role == "test"}


def status(seen: dict[str, CellOutcome]) -> dict[str, str]:
    return {name: one.status for name, one in seen.items()}


def assert_right(seen: dict[str, CellOutcome]) -> None:
    """All passed; what did not is told with all that was seen of it."""
    assert {name: one for name, one in seen.items() if one.status != "passed"} == {}
    assert seen.keys() == RIGHT.keys()


def children() -> list[str]:
    """What still runs under the fork server."""
    server = examination.the_fork_server().server
    assert server is not None
    listing = Path(f"/proc/{server.pid}/task/{server.pid}/children")
    if not listing.exists():  # macOS; there the fork server's own book-keeping must do
        return []
    said = []
    for pid in listing.read_text().split():
        with contextlib.suppress(OSError):  # it has ended meanwhile
            said.append(Path(f"/proc/{pid}/cmdline").read_text())
    return [line for line in said if line]  # one that has ended, and is to be reaped, has none


def test_right_answers_get_everything_also_on_the_live_gateway() -> None:
    right = toy.submission(bot=toy.unmarked(toy.BOT_ANSWER))
    seen = examine(right, bot=True, seconds=BOTS_SECONDS)
    assert status(seen) == {**RIGHT, "bot_visible": "passed"}, seen
    assert children() == []


def test_stubs_are_not_attempted_yet() -> None:
    seen = examine(toy.notebook(solved=False))
    assert set(status(seen).values()) == {"not attempted"}
    assert "not attempted. The cell still raises" in seen["roll_visible"].message


def test_a_blocking_answer_is_told_its_line_in_its_cell() -> None:
    seen = examine(
        toy.submission(
            roll="import time\n\nasync def roll(spec):\n    time.sleep(0.4)\n"
            "    return f'{spec}: rolled'"
        )
    )
    assert status(seen) == {**RIGHT, "roll_visible": "failed"}
    assert "at line 4 of cell roll, `time.sleep(0.4)`" in seen["roll_visible"].message
    assert seen["roll_visible"].limit == 0.1
    # 0.4 s asleep. Where the sampler gets no CPU, the witness measures, which begins some looks
    # later; where the machine itself stops, a sleep is longer. How exactly the probe measures is
    # for tests/monitor/test_corpus.py; here twice the block, or a part of it, would be wrong.
    assert 0.3 < seen["roll_visible"].longest_block < 0.7
    # harmless would drop the narrow one: it would cost 30 ms of CPU, and is not drawn
    assert str(seen["roll_visible"].outputs).count("data:image/png") == 1


@pytest.mark.slow
def test_a_bot_that_blocks_loses_the_connection_and_the_points() -> None:
    # The gateway may get no CPU for 1 s of it, and misses two heartbeats in the rest.
    blocking = "import time\n\nasync def reply_to(text):\n    time.sleep(1.6)\n    return text"
    seen = examine(toy.submission(bot=blocking), bot=True, seconds=BOTS_SECONDS)
    assert status(seen) == {**RIGHT, "bot_visible": "failed"}
    assert "4009" in seen["bot_visible"].message
    assert "line 4 of cell bot" in seen["bot_visible"].message


FAILING = {
    "hangs_in_await": ("await asyncio.Event().wait()", "did not finish within 0.6 s"),
    "hangs_in_a_loop": ("while True: pass", "did not finish within 0.6 s"),
    "hangs_in_c": ("7 ** 10 ** 9", "did not finish within 0.6 s"),
    "hangs_in_c_and_hears_no_signal": (  # as `sum(range(10 ** 15))` does, without the CPU of it
        "import ctypes\n    lock = ctypes.PyDLL(None).pthread_mutex_lock\n"
        "    mutex = ctypes.create_string_buffer(128)\n    lock(mutex), lock(mutex)",
        "did not finish within 0.6 s, and the process could not be stopped",
    ),
    "os_exit": ("import os; os._exit(0)", "the Python process ended"),
    "kills_itself": ("import os; os.kill(os.getpid(), 9)", "the Python process ended"),
    "sys_exit": ("import sys; sys.exit(0)", "SystemExit"),
    "exhausts_memory": ("bytearray(64 << 30)", "MemoryError"),
    "swallows_cancellation": (
        "while True:\n        try:\n            await asyncio.sleep(60)\n"
        "        except BaseException:\n            pass",
        "did not finish within 0.6 s",
    ),
    "swallows_everything": (
        "import time\n    while True:\n        try:\n            time.sleep(60)\n"
        "        except BaseException:\n            pass",
        "did not finish within 0.6 s",
    ),
    "recursion": ("return await roll(spec)", "RecursionError"),
    "returns_too_much": ("return 'x' * 10_000_000", "too large"),
    "returns_a_subclass": (
        "class Text(str):\n        __eq__ = lambda self, other: True\n    return Text('no')",
        "only exact types",
    ),
    "returns_what_equals_all": (
        "class All:\n        __eq__ = lambda self, other: True\n    return All()",
        "must be plain data",
    ),
    "raises_a_time_out_of_its_own": (
        "raise TimeoutError('did not answer the phone')",
        "`roll` raised TimeoutError at line 4 of cell roll: did not answer the phone",
    ),
    "forgets_await": ("return asyncio.sleep(0)", "did you forget `await`"),
    "raises_what_cannot_be_shown": (
        "class Odd(Exception):\n        def __str__(self): raise RuntimeError\n    raise Odd",
        "raised Odd",
    ),
    "writes_nonsense_to_every_descriptor": (
        "import os\n    for descriptor in range(3, 64):\n        try:\n"
        "            os.write(descriptor, b'\\x00\\x00\\x00\\x02{}' * 9)\n"
        "        except OSError:\n            pass\n    return f'{spec}: rolled'",
        "the process sent an invalid answer",
    ),
}


SLOW = ("hangs_in_c_and_hears_no_signal", "swallows_cancellation", "swallows_everything")
PATIENCE = 0.6  # s for a call that never ends; three of them compute meanwhile


def examine_failing(name: str) -> dict[str, CellOutcome]:
    body, sentence = FAILING[name]
    answer = f"import asyncio\n\nasync def roll(spec):\n    {body}\n"
    hangs = "did not finish" in sentence
    return examine(toy.submission(roll=answer), patience=PATIENCE if hangs else 2)


@pytest.fixture(scope="module")
def slow_ones() -> dict[str, dict[str, CellOutcome]]:
    """What came of the slow ones, examined at once: each waits for 3 to 5 s to be stopped."""
    with ThreadPoolExecutor(len(SLOW)) as pool:
        return dict(zip(SLOW, pool.map(examine_failing, SLOW), strict=True))


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.slow) if n in SLOW else n for n in FAILING]
)
def test_an_answer_that_fails_costs_only_its_own_test(
    name: str, request: pytest.FixtureRequest
) -> None:
    slow = name in SLOW
    seen = request.getfixturevalue("slow_ones")[name] if slow else examine_failing(name)
    assert status(seen) == {**RIGHT, "roll_visible": "failed"}, seen
    assert FAILING[name][1] in seen["roll_visible"].message
    assert children() == []


PASSING = {
    "leaves_a_coroutine_unawaited": "asyncio.sleep(0)",
    "floods_print": "print('x' * 100_000_000)",
    "floods_the_descriptor": "import os; [os.write(1, b'x' * 10_000_000) for _ in range(10)]",
    "prints_what_no_file_can_hold": "print('\\udc80')",
    "writes_to_stderr": "import sys; print('careful', file=sys.stderr)",
    "leaves_a_task_that_fails": "asyncio.ensure_future(asyncio.sleep('x'))",
    "leaves_a_thread_behind": (
        "import threading, time; threading.Thread(target=time.sleep, args=(60,)).start()"
    ),
    "starts_a_daemon": (
        "import subprocess; subprocess.Popen(['sleep', '87.65'], start_new_session=True)"
    ),
}


@pytest.mark.parametrize("name", PASSING)
def test_untidiness_costs_nothing_and_leaves_nothing_behind(name: str) -> None:
    body = PASSING[name]
    answer = (
        f"async def roll(spec):\n    {body}\n    await asyncio.sleep(0.01)\n"
        f"    return f'{{spec}}: rolled'\n"
    )
    seen = examine(toy.submission(roll=answer))
    # a flood may hold the loop: then that costs its own points, and nothing more; beside a flood
    # of nearly 100 ms, a busy machine leaves the verdict open
    allowed = ("passed", "failed", "inconclusive") if "floods" in name else ("passed",)
    assert seen["roll_visible"].status in allowed, seen["roll_visible"]
    assert {**status(seen), "roll_visible": "passed"} == RIGHT
    assert children() == []
    printed = sum(len(str(output)) for output in seen["roll_visible"].outputs)
    assert printed < 3_000_000


CELLS_THAT_BREAK = {
    "loops": "while True: pass",
    "awaits_forever": "await asyncio.Event().wait()",
    "exits": "import os; os._exit(1)",
    "raises": "1 / 0",
    "asks": "input('your name? ')",
    "leaves_a_server_running": (
        "server = await asyncio.start_server(lambda r, w: w.close(), '127.0.0.1', 0)"
    ),
    "leaves_a_task_running": "task = asyncio.create_task(asyncio.sleep(1000))",
    "reaches_for_control": "gw = await servers.gateway()",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", CELLS_THAT_BREAK)
def test_a_cell_that_breaks_keeps_what_came_before_and_after_it(name: str) -> None:
    content = toy.submission()
    place = content["cells"].index(toy.cell_of(content, "double_visible"))
    content["cells"].insert(place, toy.cell("code", CELLS_THAT_BREAK[name], None))
    # The tests have no more time than that cell, and some of them begin with a new process.
    hangs = name in ("loops", "awaits_forever")
    assert_right(examine(content, seconds=3 if hangs else CELL_SECONDS))


@pytest.mark.slow
def test_a_cell_that_hangs_keeps_what_it_had_defined() -> None:
    answer = toy.unmarked(toy.ANSWERS["roll"])
    hangs = f"{answer}\nimport time\ntime.sleep(60)"
    seen = examine(toy.submission(roll=hangs), seconds=3)
    assert_right(seen)


@pytest.mark.slow
def test_a_task_of_an_earlier_cell_that_never_gives_up_the_loop_costs_no_other_exercise() -> None:
    """Its process ends after each call, and never takes the next request with it."""
    holds = (  # as soon as a call runs: then another thread runs the cells' loop
        "import threading, time\nasync def hold():\n    main = threading.main_thread()\n"
        "    while threading.current_thread() is main: await asyncio.sleep(0.01)\n"
        "    time.sleep(60)\n"
    )
    answer = toy.unmarked(toy.ANSWERS["double"])
    held = f"{answer}\n{holds}held = asyncio.create_task(hold())"
    assert_right(examine(toy.submission(double=held), seconds=30))


def test_tasks_live_on_between_cells_and_during_calls() -> None:
    """A task of an earlier cell goes on while a call runs on its own loop, as in a kernel."""
    ticker = (
        "ticks = []\nasync def tick():\n    while True:\n        ticks.append(1)\n"
        "        await asyncio.sleep(0.01)\nticker = asyncio.create_task(tick())"
    )
    answer = (
        "async def roll(spec):\n    before = len(ticks)\n"
        "    while len(ticks) < before + 4:\n        await asyncio.sleep(0.01)\n"
        "    return f'{spec}: rolled'"
    )
    assert_right(examine(toy.submission(roll=f"{ticker}\n{answer}")))


def test_a_name_that_is_gone_is_said_to_be_gone() -> None:
    seen = examine(toy.submission(roll="async def rolled(spec): return 1"))
    assert status(seen) == {**RIGHT, "roll_visible": "failed"}
    assert "name 'roll' is not defined" in seen["roll_visible"].message


def test_names_of_the_learner_do_not_reach_the_tests() -> None:
    spoilt = "\nprint = assertion = random = watch = len = None\n"
    answers = {"double": toy.unmarked(toy.ANSWERS["double"]) + spoilt}
    seen = examine(toy.submission(**answers))
    assert_right(seen)


def test_metadata_of_a_submission_counts_for_nothing() -> None:
    """A learner's cell that claims to be a locked test runs as a learner's cell."""
    content = toy.submission(roll="async def roll(spec): return 'no'")
    forged = toy.cell("code", "watch = None", toy.about("more", grade=True, locked=True, points=9))
    content["cells"].insert(1, forged)
    assert status(examine(content)) == {**RIGHT, "roll_visible": "failed"}


def test_the_text_of_a_test_is_never_the_submissions() -> None:
    content = toy.submission(roll="async def roll(spec): return 'no'")
    toy.cell_of(content, "roll_visible")["source"] = "pass"
    assert status(examine(content)) == {**RIGHT, "roll_visible": "failed"}


def _one_test(
    source: str,
    answer: str = "async def f(): return 1",
    seconds: float = CELL_SECONDS,
    attempts: int = ATTEMPTS,
) -> Examined:
    cells = [
        Cell(0, "setup", "tools", "from autograder import watch\nimport asyncio"),
        Cell(1, "learner", "f", answer),
        Cell(2, "test", "f_visible", source, 5.0),
    ]
    return examination.examine(cells, seconds=seconds, attempts=attempts)


FAULTS = {
    "before_any_answer": "{}['key']",
    "an_unknown_name": "await watch(f)\nnobody",
    "not_python": "await watch(f",
    "a_handle_is_called": "await watch(f)\nf()",
    "arguments_are_not_plain": "await watch(f, object())",
    "a_driver_with_a_closure": (
        "def make():\n    n = 1\n    async def drive(): return n\n    return drive\n"
        "await watch(make())"
    ),
    "credit_beyond_the_points": "await watch(f)\n17",
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_of_the_tests_is_ours_and_never_a_zero(name: str) -> None:
    with pytest.raises(ExaminationFailed, match="f_visible"):
        _one_test(FAULTS[name])
    assert children() == []


def test_a_test_that_cannot_use_the_answer_fails_it() -> None:
    examined = _one_test("report = await watch(f)\nassert report.value['x'] == 1")
    assert examined.seen[2].status == "failed"
    assert "TypeError" in examined.seen[2].message


def test_a_driver_has_the_functions_of_setup_cells_whatever_a_learner_calls_by_their_names() -> (
    None
):
    setup = "%%writefile spare.py\nBEDS = 7", "from autograder import watch", "import spare\n"
    given = "def beds():\n    return spare.BEDS\n\nasync def told():\n    return beds()"
    taken = (
        "beds = lambda: 99\nspare = None\nasync def told(): return 98\nasync def f(): return beds()"
    )
    driver = "async def drive():\n    return await told(), beds(), await f()\n"
    test = f"{driver}(await watch(drive)).returned((7, 7, 99))\n(await watch(told)).returned(7)"
    cells = [Cell(n, "setup", f"s{n}", text) for n, text in enumerate((*setup, given))]
    cells += [Cell(4, "learner", "f", taken), Cell(5, "test", "f_visible", test, 5.0)]
    assert examination.examine(cells).seen[5].message == ""


def test_a_number_at_the_end_of_a_test_is_credit() -> None:
    assert _one_test("report = await watch(f)\n2.5").seen[2].credit == 2.5


@pytest.mark.parametrize(("returned", "status"), [(1, "failed"), (0, "passed")])
def test_a_number_that_an_answer_shows_is_no_credit(returned: int, status: str) -> None:
    shows = "    get_ipython().displayhook({})\n"
    answer = f"async def f():\n{shows.format(2.0)}{shows.format(17)}    return 0"
    seen = _one_test(f"report = await watch(f)\nreport.returned({returned})", answer).seen[2]
    assert seen.status == status
    assert "2.0" in str(seen.outputs)
    assert seen.credit is None


def test_another_last_value_is_no_credit() -> None:
    """nbgrader would give full points for it, also when it says "wrong"."""
    examined = _one_test("report = await watch(f)\n'wrong'")
    assert examined.seen[2].credit is None
    assert [output["output_type"] for output in examined.seen[2].outputs] == ["display_data"]


@pytest.mark.slow
def test_what_the_machine_leaves_open_is_examined_again_with_everything_fresh(
    tmp_path: Path,
) -> None:
    attempts = tmp_path / "attempts"
    source = (
        "from autograder.outcomes import Inconclusive\nimport pathlib\n"
        "report = await watch(f)\nreport.returned(1)\n"
        f"path = pathlib.Path({str(attempts)!r})\n"
        "path.write_text((path.read_text() if path.exists() else '') + 'x')\n"
        "if len(path.read_text()) < 3:\n    raise Inconclusive('the machine was too busy')"
    )
    counting = "calls = []\nasync def f():\n    calls.append(1)\n    return len(calls)"
    seen = _one_test(source, counting).seen[2]
    assert (seen.status, seen.attempts) == ("passed", 3)


@pytest.mark.slow
def test_what_stays_open_is_inconclusive_not_failed() -> None:
    source = "from autograder.outcomes import Inconclusive\nraise Inconclusive('too busy')"
    seen = _one_test(f"await watch(f)\n{source}").seen[2]
    assert (seen.status, seen.attempts) == ("inconclusive", ATTEMPTS)


@pytest.mark.slow
def test_a_test_without_end_is_the_learners_only_when_a_call_hung() -> None:
    endless = "await asyncio.sleep(60)"

    def status_of(test: str, answer: str, seconds: float = 1.0) -> str:
        return _one_test(test, answer, seconds=seconds, attempts=1).seen[2].status

    plain = "async def f(): return 1"
    assert status_of(f"await watch(f)\n{endless}", plain) == "inconclusive"
    hanging = "async def f(): await asyncio.sleep(60)"
    test = f"await watch(f, timeout=0.3)\n{endless}"
    assert status_of(test, hanging, seconds=4.0) == "failed"
    raising = "async def f(): raise TimeoutError('did not answer the phone')"
    assert status_of(test, raising) == "inconclusive"


def test_a_call_that_a_test_gives_up_does_not_disturb_the_next_one() -> None:
    answer = "async def f(seconds=0.0):\n    await asyncio.sleep(seconds)\n    return 1"
    source = (
        "try:\n    async with asyncio.timeout(0.2):\n        await watch(f, 30.0)\n"
        "except TimeoutError:\n    pass\n"
        "(await watch(f)).returned(1)\nasyncio.ensure_future(watch(f, 30.0))\n"
        "await asyncio.sleep(0.1)"
    )
    began = time.monotonic()
    assert _one_test(source, answer).seen[2].status == "passed"
    assert time.monotonic() - began < 20
    assert children() == []


@pytest.mark.slow
def test_jupyters_ways_are_kept() -> None:
    cells = {
        "figure": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()",
        "html": "from IPython.display import HTML, display\ndisplay(HTML('<b>bold</b>'))",
        "magic": "%%time\n1 + 1",
        "file": "%%writefile jobs.py\ndef job(): return 6 * 7",
        "import": "import jobs\njobs.job()",
        "shell": "!echo from the shell",
        "process": "import subprocess; subprocess.run(['echo', 'from a child']);",
        "error": "def broken(): raise KeyError('no')\nbroken()",
        "widget": "import ipywidgets\nipywidgets.IntSlider()",
        "await": "await asyncio.sleep(0, 'awaited')",
    }
    sources = ["import asyncio", *cells.values()]
    examined = examination.examine(
        [Cell(i, "learner", "", source) for i, source in enumerate(sources)], seconds=CELL_SECONDS
    )
    text = {name: str(examined.seen[i + 1].outputs) for i, name in enumerate(cells)}
    assert "image/png" in text["figure"]
    assert "<b>bold</b>" in text["html"]
    assert "Wall time" in text["magic"]
    assert "Writing jobs.py" in text["file"]
    assert "'42'" in text["import"]
    assert "from the shell" in text["shell"]
    assert "from a child" in text["process"]
    assert "KeyError" in text["error"]
    assert "IntSlider" in text["widget"]
    assert "awaited" in text["await"]


def test_a_process_pool_of_the_answer_works() -> None:
    jobs = "%%writefile jobs.py\ndef job(number):\n    return number * 2"
    answer = (
        "import jobs\nfrom concurrent.futures import ProcessPoolExecutor\n\n"
        "async def f():\n    with ProcessPoolExecutor(1) as pool:\n"
        "        return await asyncio.get_running_loop().run_in_executor(pool, jobs.job, 21)"
    )
    cells = [
        Cell(0, "setup", "tools", "from autograder import watch\nimport asyncio"),
        Cell(1, "setup", "jobs", jobs),
        Cell(2, "learner", "f", answer),
        Cell(3, "test", "f_visible", "(await watch(f)).returned(42)", 5.0),
    ]
    seen = examination.examine(cells, seconds=CELL_SECONDS).seen[3]
    assert seen.status == "passed", seen.message


@pytest.mark.slow
def test_garbage_of_given_cells_is_not_the_answers() -> None:
    """A full collection in the call looks at what the call made, as it does in a kernel."""
    given = (
        "import gc, time\nfrom autograder import watch\nkept = []\nwhile True:\n"
        "    gc.disable()\n    kept += [[n] for n in range(len(kept) or 100_000)]\n"
        "    gc.enable()\n    began = time.thread_time()\n"
        "    gc.collect()\n    if time.thread_time() - began > 0.1:\n        break"
    )
    cells = [
        Cell(0, "setup", "given", given),
        Cell(1, "learner", "f", "import gc\nasync def f():\n    gc.collect()"),
        Cell(2, "test", "f_visible", "(await watch(f)).responsive(0.05)", 5.0),
    ]
    seen = examination.examine(cells, seconds=CELL_SECONDS).seen[2]
    assert seen.status == "passed", seen.message


def test_a_finalizer_that_hangs_is_ended_and_the_next_call_is_measured() -> None:
    """The candidate collects garbage between two requests, where it runs finalizers."""
    knot = (
        "import time\nclass Knot:\n    def __init__(self):\n        self.itself = self\n"
        "    def __del__(self):\n        time.sleep(30)\nKnot()\nasync def f():\n    return 1"
    )
    cells = [
        Cell(0, "setup", "given", "from autograder import watch"),
        Cell(1, "learner", "f", knot),
        Cell(2, "test", "f_visible", "(await watch(f)).responsive(0.05)", 5.0),
    ]
    examined = examination.examine(cells, seconds=CELL_SECONDS)
    assert examined.seen[2].status == "passed", examined.seen[2].message
    assert not examined.restarts


def test_what_a_notebook_puts_out_has_a_bound() -> None:
    """1 MB a cell and 5 MB a notebook; an error is told in any case."""
    cells = [Cell(i, "learner", "", "print('x' * 3_000_000)") for i in range(8)]
    cells.append(Cell(8, "learner", "", "1 / 0"))
    seen = examination.examine(cells, seconds=CELL_SECONDS).seen
    sizes = [len(str(seen[cell.index].outputs)) for cell in cells]
    assert max(sizes) < 1_010_000
    assert sum(sizes) < 5_100_000
    assert "left out" in str(seen[7].outputs)
    assert "ZeroDivisionError" in str(seen[8].outputs)


def test_files_handed_in_are_there_and_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "words.txt").write_text("words")
    os.symlink("/etc/passwd", tmp_path / "passwd")
    source = "import os\nprint(open('data/words.txt').read(), os.path.exists('passwd'))"
    examined = examination.examine([Cell(0, "learner", "", source)], learner_files=tmp_path)
    assert examined.seen[0].outputs[0]["text"] == "words False\n"


@pytest.mark.slow
def test_where_nothing_can_watch_from_outside_a_call_runs_all_the_same() -> None:
    """As on macOS, where the kernel shows no waits."""
    program = (
        "from autograder.grading.examination import session\n"
        "from autograder.grading.examination.cells import Cell\n"
        "cells = [\n"
        "    Cell(0, 'setup', 'given', 'from autograder import watch'),\n"
        "    Cell(1, 'learner', 'f', 'async def f():\\n    return 42'),\n"
        "    Cell(2, 'test', 'f_visible', '(await watch(f)).returned(42)', 5.0),\n"
        "]\n"
        "seen = session.examine(cells)\n"
        "print(seen.seen[2].status, seen.seen[2].message, 'outside witness' in seen.layers)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "UNBLOCKED_HIDE_SCHEDSTAT": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert done.stdout == "passed  False\n", done.stdout + done.stderr
