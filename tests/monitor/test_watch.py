"""What a person sees of `watch`: right use, misuse, and calls that do not come back."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import html
import queue
import re
import threading
import time
import warnings
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from autograder import context, watch
from autograder.monitor.run import Run
from autograder.outcomes import (
    CallFailed,
    Inconclusive,
    LoopBlocked,
    NotAttempted,
    TooSlow,
    UserMistake,
    WrongValue,
)
from autograder.report.record import Block, Record
from autograder.report.report import Check, Report


def run(main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run a test's coroutine as a notebook cell runs: on a loop that must stay responsive."""
    return asyncio.run(main())


async def roll(dice: str) -> int:
    await asyncio.sleep(0.02)
    return 2 * int(dice.partition("d")[2])


async def blocking_roll(dice: str) -> int:
    time.sleep(0.2)
    return 7


TRIES = 4  # what other work leaves open, or spoils, is run again: after 1, 2 and 3 s


async def settled(
    call: Callable[..., Any],
    *args: Any,
    wanted: Callable[[Report], bool] = lambda _: True,
    **options: Any,
) -> Report:
    """Watch a call until its verdict is not open and the report has what is `wanted`.

    A verdict that is not open is final, also a wrong one, unless something is `wanted`: a length
    that is measured to 10 ms, or the line, for which the sampler needs a CPU during the block.
    """
    for tries in range(TRIES):
        await asyncio.sleep(tries)
        report = await watch(call, *args, **options)
        if not left_open(report) and wanted(report):
            break
    return report


def left_open(report: Report) -> bool:
    try:
        Report(report.record).responsive(0.1)
    except Inconclusive:
        return True
    except AssertionError:  # blocked, or failed
        return False
    return False


def named(report: Report) -> bool:
    """Whether the sampler saw at which line the longest block was."""
    return bool(report.blocks) and report.blocks[0].line > 0


def lasted(seconds: float) -> Callable[[Report], bool]:
    """What tells whether a block of this length was measured as it is, and at its line."""

    def told(report: Report) -> bool:
        # On a busy machine up to two turns of the GIL are taken off (attribution.GIL_TURN). A
        # thread that loses its CPU just before it sleeps until a time sleeps less.
        return named(report) and -0.012 < report.longest_block - seconds < 0.01

    return told


def test_a_right_answer_passes_every_check_and_checks_can_be_chained() -> None:
    async def main() -> None:
        report = await settled(roll, "2d6")
        assert report.responsive(0.1).returned(12).within(5) is report
        assert report.value == 12
        assert report.error is None
        assert 0.02 <= report.seconds < 5

    run(main)


def test_a_blocking_answer_fails_naming_the_time_the_limit_and_the_line() -> None:
    async def main() -> None:
        right = lasted(0.2)
        report = await settled(blocking_roll, "2d6", wanted=right)
        said = r"was held for (18|19|20)\d ms \(limit 100 ms"
        with pytest.raises(LoopBlocked, match=said) as info:
            report.responsive(0.1)
        assert "time.sleep(0.2)" in str(info.value)
        assert "test_watch.py" in str(info.value)
        assert report.blocks[0].kind == "sleep"
        assert report.blocks[0].function == "blocking_roll"
        assert right(report)

    run(main)


def test_tasks_that_block_in_one_pass_are_told_as_that_many_turns() -> None:
    async def two_people() -> None:
        await asyncio.gather(blocking_roll("2d6"), blocking_roll("1d4"), asyncio.sleep(0))

    async def callback() -> None:
        asyncio.get_running_loop().call_soon(time.sleep, 0.2)
        await asyncio.gather(blocking_roll("2d6"), asyncio.sleep(0))

    async def told(call: Any, seconds: float) -> str:
        report = await settled(call, wanted=lasted(seconds))
        with pytest.raises(LoopBlocked) as info:
            report.responsive(0.1)
        return str(info.value)

    async def main() -> None:
        # As long as both together, and each as long as the sleep in the line: within 10 ms.
        said = re.search(
            r"was held for (\d+) ms .*`time.sleep\(0.2\)`\. "
            r"These were 2 tasks, one directly after the other: "
            r"(\d+) ms each on average\.$",
            await told(two_people, 0.4),
        )
        assert said
        assert 388 <= int(said[1]) <= 410
        assert 194 <= int(said[2]) <= 205
        assert "2 tasks" not in await told(callback, 0.4)  # half of it was no task
        assert "2 tasks" not in await told(functools.partial(blocking_roll, "2d6"), 0.2)

    run(main)


def test_the_callers_loop_stays_alive_while_the_watched_loop_is_blocked() -> None:
    held, ten_beats = threading.Event(), threading.Event()

    async def holds() -> bool:
        held.set()
        return ten_beats.wait(30)  # on a machine where each beat may come late

    async def beat() -> None:
        while not held.is_set():  # noqa: ASYNC110 - the loop that sets it is another one
            await asyncio.sleep(0.01)
        for _ in range(10):
            await asyncio.sleep(0.01)
        ten_beats.set()

    async def main() -> None:
        beating = asyncio.create_task(beat())
        (await watch(holds, timeout=60)).returned(True)
        await beating

    run(main)


def test_a_wrong_value_names_both_and_a_type_that_differs() -> None:
    async def say() -> Any:
        return 12.0

    async def main() -> None:
        report = await watch(say)
        with pytest.raises(WrongValue, match=r"returned 12\.0 \(float\); expected 12 \(int\)"):
            report.returned(12)

    run(main)


def test_a_stub_is_not_attempted_and_says_so() -> None:
    async def stub() -> None:
        raise NotImplementedError

    async def main() -> None:
        report = await watch(stub)
        for use in (lambda: report.value, report.responsive, lambda: report.returned(1)):
            with pytest.raises(NotAttempted, match="not attempted"):
                use()

    run(main)


def test_an_exception_of_the_answer_fails_closed_naming_its_line() -> None:
    async def broken() -> int:
        return int("six")

    async def main() -> None:
        report = await watch(broken)
        assert report.error is not None
        assert report.error[0] == "ValueError"
        with pytest.raises(CallFailed, match=r"raised ValueError at line \d+ of test_watch.py"):
            report.responsive()

    run(main)


def test_an_exception_that_looks_like_ours_is_told_as_the_learners() -> None:
    class NotPlain(Exception):
        """Has the name of our own refusal of a value."""

    async def ask() -> None:
        raise TimeoutError("did not answer the phone")

    async def refuse() -> None:
        raise NotPlain("this is not plain")

    async def main() -> None:
        said = r"`ask` raised TimeoutError at line \d+ of test_watch.py: did not answer the phone"
        report = await watch(ask)
        assert report.record.outcome == "raised"
        with pytest.raises(CallFailed, match=said):
            report.responsive()
        picture = html.unescape(report._repr_mimebundle_()["text/html"])
        assert re.search(r"ask\(\) ran for \S+ m?s.* and raised TimeoutError at line \d+", picture)
        with pytest.raises(CallFailed, match=r"`refuse` raised NotPlain at line \d+"):
            (await watch(refuse)).responsive()

    run(main)


def test_each_way_to_end_has_a_word_in_the_record() -> None:
    async def later() -> None:
        await asyncio.sleep(60)

    async def stub() -> None:
        raise NotImplementedError

    async def odd() -> Any:
        return object()

    async def main() -> None:
        assert (await watch(roll, "2d6")).record.outcome == "returned"
        assert (await watch(later, timeout=0.1)).record.outcome == "timed out"
        assert (await watch(stub)).record.outcome == "not attempted"
        assert (await watch(odd)).record.outcome == "no plain data"

    run(main)


def test_a_report_says_which_checks_were_made_of_it() -> None:
    async def main() -> None:
        report = await watch(roll, "2d6")
        assert (report.checks, report.limit) == ([], None)
        # Limits that no busy machine makes open or too slow: this is about what is noted.
        report.responsive(8).returned(12).within(9)
        made = [Check("responsive", 8), Check("returned"), Check("within", 9)]
        assert (report.checks, report.limit) == (made, 8)

    run(main)


def test_of_a_group_the_first_exception_is_told_with_its_line() -> None:
    async def throw(faces: str) -> int:
        return int(faces)

    async def game() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(throw("six"))
            group.create_task(throw("five"))

    async def main() -> None:
        said = (
            r"`throw` raised ExceptionGroup at line \d+ of test_watch.py: "
            r"ValueError: .*'six' \(and 1 more\)"
        )
        with pytest.raises(CallFailed, match=said):
            (await watch(game)).responsive()

    run(main)


def test_tasks_are_made_named_and_refused_as_without_watch() -> None:
    async def named() -> list[str]:
        async def whoami() -> str:
            task = asyncio.current_task()
            return task.get_name() if task else ""

        made = [asyncio.create_task(whoami()), asyncio.create_task(whoami(), name="ada")]
        return [await task for task in made]

    async def send(line: str) -> None: ...

    async def forgetful() -> None:
        say: Any = print
        await asyncio.create_task(say("hello"))

    async def hasty() -> Any:
        return asyncio.ensure_future(send("hello"))

    async def main() -> None:
        first, second = (await watch(named)).value
        assert first.startswith("Task-")
        assert second == "ada"
        with pytest.raises(CallFailed, match="a coroutine was expected, got None"):
            (await watch(forgetful)).responsive()
        with pytest.raises(CallFailed, match="of type Task: did you forget `await`"):
            (await watch(hasty)).responsive()

    run(main)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_exceptions_that_end_programs_end_only_the_call(error: BaseException) -> None:
    async def leave() -> None:
        raise error

    async def main() -> None:
        report = await watch(leave)
        assert report.error is not None
        assert report.error[0] == type(error).__name__

    run(main)


def test_a_call_out_of_time_names_the_tasks_it_waits_for() -> None:
    async def ask() -> None:
        await asyncio.Event().wait()

    async def twenty() -> None:
        await asyncio.gather(*(ask() for _ in range(20)), asyncio.sleep(60))

    async def main() -> None:
        said = (
            r"`twenty` did not finish within 2 s at line \d+ of test_watch.py\. When it was "
            r"stopped, 20 of its tasks were still running, at line \d+ of test_watch.py, "
            r"`await asyncio.Event\(\).wait\(\)`\.$"
        )
        # So long that all of them have begun, also where this process gets no CPU for a second.
        report = await watch(twenty, timeout=2)
        report.record.starved = 0.0  # where it waited for a CPU, the verdict would be open
        with pytest.raises(CallFailed, match=said):
            report.responsive()

    run(main)


def test_a_cell_that_lacks_the_cells_above_says_so() -> None:
    async def typo() -> None:
        remindd()  # type: ignore[name-defined]  # noqa: F821

    async def driver() -> None:
        globals()["remind"]()

    async def own() -> None:
        {}["remind"]

    async def main() -> None:
        above = "is not defined. Is it defined in a cell above, and has that cell run"
        with pytest.raises(CallFailed, match=f"`typo` raised NameError .* 'remindd' {above}"):
            (await watch(typo)).responsive()
        with pytest.raises(CallFailed, match=f"name 'remind' {above}"):
            (await watch(driver)).responsive()
        with pytest.raises(CallFailed, match=r"raised KeyError .*: 'remind'$"):
            (await watch(own)).responsive()

    run(main)


def test_an_async_generator_is_told_what_to_give_instead() -> None:
    async def pages() -> Any:
        yield 1

    async def main() -> None:
        said = r"^`pages` is an async generator, .*loops over it with `async for`\.$"
        with pytest.raises(CallFailed, match=said):
            (await watch(pages)).responsive()

    run(main)


def test_a_use_of_a_coroutine_in_place_of_its_result_asks_for_await() -> None:
    async def page() -> dict[str, str]:
        return {}

    async def dog() -> str:
        return page()["url"]  # type: ignore[index]

    async def main() -> None:
        with pytest.raises(CallFailed, match=r"not subscriptable: did you forget `await`\?$"):
            (await watch(dog)).responsive()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        run(main)


def test_a_sync_function_is_told_to_become_async() -> None:
    def forgot_async(dice: str) -> int:
        return 7

    async def main() -> None:
        with pytest.raises(CallFailed, match="begin it with `async def`"):
            (await watch(forgot_async, "2d6")).returned(7)

    run(main)


def test_a_coroutine_object_is_refused_with_the_call_to_write_instead() -> None:
    async def main() -> None:
        with pytest.raises(UserMistake, match=r"watch\(roll, \.\.\.\)"):
            await watch(roll("2d6"))  # type: ignore[arg-type]

    run(main)


def test_keywords_go_through_partial() -> None:
    async def greet(name: str, *, loud: bool) -> str:
        return name.upper() if loud else name

    async def main() -> None:
        (await watch(functools.partial(greet, loud=True), "ada")).returned("ADA")

    run(main)


def test_only_plain_data_crosses_in_and_out() -> None:
    class Dice(int):
        pass

    async def loaded() -> Any:
        return Dice(6)

    async def main() -> None:
        with pytest.raises(UserMistake, match="an argument of `roll` is of type object"):
            await watch(roll, object())
        with pytest.raises(CallFailed, match="a kind of int; only exact types"):
            (await watch(loaded)).returned(6)

    run(main)


def test_prints_and_context_reach_the_caller() -> None:
    user = contextvars.ContextVar("user", default="nobody")

    async def whoami() -> str:
        return user.get()

    async def main() -> None:
        user.set("ada")
        (await watch(whoami)).returned("ada")

    run(main)


def test_watch_inside_watch_works() -> None:
    async def outer() -> int:
        return int((await watch(roll, "1d4")).value)

    async def main() -> None:
        (await settled(outer)).returned(8).responsive(0.1)

    run(main)


def test_a_call_that_awaits_for_ever_ends_in_time_naming_its_line_and_the_next_works() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        began = time.monotonic()
        report = await watch(forever, timeout=0.3)
        assert time.monotonic() - began < 8  # 0.3 s, and 9 for one that has to be interrupted
        report.record.starved = 0.0  # where it waited for a CPU, the verdict would be open
        with pytest.raises(CallFailed, match=r"did not finish within 0.3 s at line \d+"):
            report.responsive()
        (await watch(roll, "2d6")).returned(12)

    run(main)


@pytest.mark.slow
def test_a_call_that_swallows_its_cancellation_ends_all_the_same() -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.sleep(60)
            except BaseException:
                pass

    async def main() -> None:
        began = time.monotonic()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            report = await watch(stubborn, timeout=0.3)
        assert time.monotonic() - began < 8
        assert report.error is not None
        gc.collect()  # collecting it would run its loop for ever, on whatever thread this is
        (await watch(roll, "2d6")).returned(12)

    run(main)


@pytest.mark.slow
def test_python_code_that_never_yields_is_stopped() -> None:
    async def spin() -> None:
        while True:
            pass

    async def main() -> None:
        # Its verdict is open if it was given next to no CPU.
        report = await settled(spin, timeout=0.3, wanted=named)
        assert report.error is not None
        # Since 3.14 nothing runs in the line of `while True` any more, but in that of its body.
        # What it was given of the CPU until then is no length that stands in the code.
        stopped = r"did not finish within 0\.3 s(, so it was| and could not be) stopped\."
        stopped = rf"`(while True:|pass)`\. `spin` {stopped}"
        with pytest.raises(LoopBlocked, match=stopped):
            report.responsive(0.1)
        (await watch(roll, "2d6")).returned(12)

    run(main)


@pytest.mark.slow
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_call_stuck_in_c_is_given_up_and_the_next_cell_says_restart_the_kernel(loop: str) -> None:
    gate: queue.Queue[None] = queue.Queue()

    async def stuck() -> None:
        gate.get()

    async def main() -> None:
        report = await watch(stuck, timeout=0.2, loop=loop)
        assert report.error is not None
        assert report.longest_block > 0.2
        assert report.blocks[0].code == "gate.get()"
        assert report.error[2] == report.blocks[0].line
        with pytest.raises(UserMistake, match="restart the kernel"):
            await watch(roll, "2d6")
        gate.put(None)
        for thread in threading.enumerate():
            if thread.name == "watch stuck":
                await asyncio.to_thread(thread.join, 60)
                assert not thread.is_alive()
        (await watch(roll, "2d6")).returned(12)

    run(main)


def test_a_task_that_a_library_made_for_itself_bears_its_name_and_one_of_ours_does_not() -> None:
    import anyio.to_thread

    async def ours() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(asyncio.sleep, 0)  # anyio asks asyncio for the task
            group.start_soon(roll, "2d6")
        await asyncio.gather(*(asyncio.create_task(what) for what in (asyncio.sleep(0), roll("d"))))

    async def main() -> None:
        report = await watch(ours)
        names = [name.partition(":")[0] for name, _ in report.record.lanes]
        assert names == ["ours", "anyio", "roll", "sleep"]  # of each name, one after the other

    run(main)


def test_an_interrupt_of_the_cell_ends_the_call_as_well() -> None:
    begun, ended = threading.Event(), threading.Event()

    async def waiting() -> None:
        begun.set()
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()

    async def main() -> None:
        cell = asyncio.create_task(watch(waiting, timeout=90))
        assert await asyncio.to_thread(begun.wait, 60)
        cell.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cell
        # Long before the sleep or the time limit would end it.
        assert await asyncio.to_thread(ended.wait, 30)

    run(main)


def test_an_object_of_another_loop_gets_a_sentence() -> None:
    async def main() -> None:
        lock = asyncio.Lock()
        await lock.acquire()
        waiter = asyncio.create_task(lock.acquire())
        await asyncio.sleep(0)

        async def use() -> None:
            await lock.acquire()

        report = await watch(use, timeout=1)
        waiter.cancel()
        with pytest.raises(CallFailed, match="make the object during the call"):
            report.responsive()

    run(main)


def test_ten_thousand_tasks_are_watched_and_summarised() -> None:
    async def one() -> None:
        await asyncio.sleep(0)

    async def many() -> int:
        await asyncio.gather(*(one() for _ in range(10_000)))
        return 10_000

    async def main() -> None:
        report = await watch(many, timeout=60)
        report.returned(10_000)
        assert len(report.record.lanes) <= 40

    run(main)


def test_debug_mode_of_asyncio_is_left_to_the_answer() -> None:
    async def debug() -> bool:
        asyncio.get_running_loop().set_debug(True)
        await asyncio.sleep(0)
        return asyncio.get_running_loop().get_debug()

    run(lambda: _returns(debug, True))


async def _returns(function: Callable[..., Any], value: Any) -> None:
    (await watch(function)).returned(value)


def test_what_a_call_leaves_behind_is_cancelled_and_its_last_block_counts() -> None:
    async def lingering() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            time.sleep(0.15)

    keep = []

    async def leaves() -> None:
        keep.append(asyncio.create_task(lingering()))
        await asyncio.sleep(0)

    async def main() -> None:
        report = await settled(leaves, wanted=named)
        assert report.seconds < report.blocks[0].start + report.blocks[0].seconds
        left = r"`lingering` was still running, at line \d+ of .*, `await asyncio\.sleep\(60\)`\.$"
        assert re.search(r"When it ended, " + left, report.sentence)
        said = "While `lingering` ran, which `leaves` had left running, the loop"
        with pytest.raises(LoopBlocked, match=said):
            report.responsive(0.1)

    run(main)


def test_too_slow_is_told_from_a_starved_machine() -> None:
    slow = Report(Record(name="fetch", value=b"1", seconds=2.0))
    with pytest.raises(TooSlow, match=r"took 2.00 s; the limit is 500 ms"):
        slow.within(0.5)
    starved = Report(Record(name="fetch", value=b"1", seconds=2.0, noise=[(0.1, 1.7)]))
    with pytest.raises(Inconclusive):
        starved.within(0.5)


def test_its_own_block_and_the_noise_of_its_teardown_do_not_excuse_a_slow_call() -> None:
    held = Block(1.9, 0.05, "cpu", "In [7]", 3, "roll()", "roll")
    ticks = [(due / 100, max(0.0, 2.0 - due / 100)) for due in range(5, 200)]
    record = Record(name="roll", value=b"1", seconds=2.0, blocks=[held], late=ticks)
    assert Report(record).late_by_machine <= 0.06
    with pytest.raises(TooSlow):
        Report(record).within(0.5)
    record = Record(name="roll", value=b"1", seconds=2.0, noise=[(2.1, 1.9)])
    with pytest.raises(TooSlow):
        Report(record).within(0.5)


def test_a_block_that_the_machine_may_have_made_is_inconclusive_never_a_failure() -> None:
    block = Block(0.04, 0.0, "sleep", "In [7]", 3, "lock.acquire()", "roll", doubt=0.3)
    report = Report(Record(name="roll", value=b"1", blocks=[block]))
    with pytest.raises(Inconclusive, match="Run the cell again"):
        report.responsive(0.1)
    assert report.responsive(0.5) is report


def test_a_blind_system_is_sure_of_cpu_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNBLOCKED_HIDE_SCHEDSTAT", "1")

    async def crunch() -> None:
        until = time.thread_time() + 0.25
        while time.thread_time() < until:
            pass

    async def main() -> None:
        with pytest.raises(LoopBlocked):
            (await watch(crunch)).responsive(0.1)

    run(main)


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_both_loops_give_the_same_verdicts(loop: str) -> None:
    if loop == "uvloop":
        pytest.importorskip("uvloop", reason="uvloop is not installed (see `doctor`)")

    async def main() -> None:
        (await settled(roll, "2d6", loop=loop)).returned(12).responsive(0.1)
        report = await settled(blocking_roll, "2d6", loop=loop, wanted=named)
        with pytest.raises(LoopBlocked, match=r"time.sleep\(0.2\)"):
            report.responsive(0.1)

    run(main)


def test_the_process_says_where_calls_run_and_where_a_failed_report_is_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    held = Report(Record(name="roll", blocks=[Block(0.2, 0.0, "cpu", "", 0, "", "")], value=b"1"))
    shown: list[Report] = []

    class Elsewhere:
        async def run(self, *call: Any, **limits: Any) -> Report:
            return held

    there = context.Context(backend=Elsewhere(), show=shown.append)
    monkeypatch.setattr(context, "this_process", there)
    with pytest.raises(LoopBlocked):
        run(lambda: watch(roll, "2d6")).responsive(0.1)
    assert shown == [held]


def test_an_open_verdict_shows_its_chart_too(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[Report] = []
    monkeypatch.setattr(context, "this_process", context.Context(show=shown.append))
    block = Block(0.04, 0.0, "sleep", "In [7]", 3, "lock.acquire()", "roll", doubt=0.3)
    report = Report(Record(name="roll", value=b"1", blocks=[block]))
    with pytest.raises(Inconclusive):
        report.responsive(0.1)
    assert shown == [report]


def test_who_watches_a_run_from_outside_is_called_on_its_loop_before_the_function() -> None:
    heard: list[object] = []

    async def main() -> int:
        heard.append(asyncio.get_running_loop())
        return 7

    call = Run(main, (), {}, 5, "asyncio", on_loop=lambda: heard.append(asyncio.get_running_loop()))
    assert call.go().value == b"7"
    assert len(heard) == 2
    assert heard[0] is heard[1]


def test_an_unknown_loop_is_refused() -> None:
    async def main() -> None:
        with pytest.raises(UserMistake, match="not 'trio'"):
            await watch(roll, "2d6", loop="trio")

    run(main)


def test_lateness_counts_every_missed_tick_of_the_schedule() -> None:
    """A naive meter (sleep, compare) would see one late tick in many: p99 of 5 ms for a 500 ms
    block in 2 s (known as coordinated omission)."""

    async def one_block() -> None:
        await asyncio.sleep(0.5)
        time.sleep(0.3)
        await asyncio.sleep(0.5)

    async def main() -> None:
        for tries in range(TRIES):
            await asyncio.sleep(tries)
            report = await watch(one_block)
            assert report.lag(99) > 0.25
            if report.lag(50) < 0.05:
                break
        # A machine that stands still for 0.8 s makes half of the ticks late, but not each time.
        assert report.lag(50) < 0.05

    run(main)


def test_a_cell_as_it_was_given_is_not_attempted_although_it_held_the_loop() -> None:
    async def given() -> None:
        time.sleep(0.15)
        raise NotImplementedError

    with pytest.raises(NotAttempted):
        asyncio.run(watch(given)).responsive(0.05)
