"""Verdicts where the kernel does not tell how long a thread waited for a CPU."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import nullcontext
from pathlib import Path

import pytest

from autograder.bench.hogs import hogs
from autograder.bench.probe import labels
from autograder.bench.probe.worker import Worker
from autograder.doctor import kernel_clock
from autograder.monitor import blind, idle, sampler, thread_stats, watch
from autograder.monitor.attribution import Sleep, Threads, attribute
from autograder.monitor.blind import Look, certain_sleep
from autograder.monitor.sample_summary import SampleSummary
from autograder.outcomes import Inconclusive, LoopBlocked
from autograder.report.record import Block, Record
from autograder.report.report import Report

MS = 1_000_000
SNIPPETS = 40  # of each: blocking, harmless


def looks(
    *at: int, idle: tuple[float, ...] = (), late: int = 0, cpu: int = 0, process: int = 0
) -> list[Look]:
    """Looks at these ms, beside CPUs that are idle for these shares of the time."""
    return [
        Look(0, ms * MS, late * MS, False, n * cpu * MS, n * process * MS,
             tuple(int(ms * MS * share) for share in idle))
        for n, ms in enumerate(at)
    ]  # fmt: skip


EACH_20 = range(20, 221, 20)


def test_a_sleep_beside_idle_cpus_is_certain() -> None:
    assert certain_sleep(looks(*EACH_20, idle=(1, 1))) >= 175 * MS
    assert certain_sleep(looks(*EACH_20, idle=(0.9, 0.95))) >= 155 * MS


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(looks(*EACH_20), id="nothing-known"),
        pytest.param(looks(*EACH_20, idle=(1, 0)), id="bound-to-the-busy-cpu"),
        pytest.param(looks(*EACH_20, idle=(1, 1), process=20), id="another-thread-keeps-the-gil"),
        pytest.param(looks(*EACH_20, idle=(1, 1), late=60), id="the-whole-process-stood-still"),
        pytest.param(looks(20, 220, idle=(1, 1)), id="the-sampler-did-not-look"),
        pytest.param(looks(20, idle=(1, 1)), id="one-look"),
        pytest.param([], id="no-look"),
    ],
)
def test_what_idle_cpus_do_not_prove_is_not_certain(found: list[Look]) -> None:
    assert certain_sleep(found) == 0


def test_a_cpu_that_was_switched_on_meanwhile_proves_nothing() -> None:
    assert idle.least_idle((0, 0), (100 * MS, 100 * MS, 100 * MS)) == 0
    assert idle.least_idle((0, 0), (100 * MS, 100 * MS)) == 100 * MS - idle.TICK


def test_one_and_the_same_sleep_is_certain_and_one_that_was_left_is_not() -> None:
    asleep = [look._replace(asleep=True) for look in looks(20, 40, 60, 90)]
    assert certain_sleep(asleep) == 70 * MS
    ran = [*asleep[:2], *(look._replace(cpu=1000) for look in asleep[2:])]
    assert certain_sleep(ran) == 50 * MS  # between 40 and 60 ms it ran, and may have waited


def test_proc_stat_is_read_as_the_kernel_writes_it() -> None:
    stat = b"cpu  9 0 9 11 5 0\ncpu0 4 0 4 6 2 0 0 0\ncpu1 5 0 5 5 3 0 0 0\nintr 13 0"
    assert idle.parsed(stat) == (80 * MS, 80 * MS)
    assert idle.parsed(b"") == ()


@pytest.mark.parametrize(
    ("own", "files", "limited"),
    [
        ("0::/pod/box\n", {"pod/box/cpu.max": "max 100000"}, False),
        ("0::/pod/box\n", {"pod/box/cpu.max": "max 100000", "pod/cpu.max": "1000 10000"}, True),
        ("0::/../../of/host\n", {"cpu.max": "50000 100000"}, True),
        ("3:cpu,cpuacct:/a\n", {"cpu,cpuacct/a/cpu.cfs_quota_us": "-1"}, False),
        ("3:cpu,cpuacct:/a\n", {"cpu,cpuacct/a/cpu.cfs_quota_us": "20000"}, True),
        ("3:cpu:/of/host\n", {"cpu/cpu.cfs_quota_us": "20000"}, True),
        ("2:memory:/a\n", {"memory/a/memory.max": "1"}, False),
    ],
)
def test_a_quota_of_a_control_group_is_found(
    tmp_path: Path, own: str, files: dict[str, str], limited: bool
) -> None:
    groups = tmp_path / "cgroup"
    groups.mkdir()
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        (groups / name).parent.mkdir(parents=True, exist_ok=True)
        (groups / name).write_text(text)
    assert idle.has_quota(groups, tmp_path / "own") is limited
    assert not idle.has_quota(groups, tmp_path / "a kernel without control groups")
    assert idle.has_quota(tmp_path / "not mounted", tmp_path / "own")


def test_no_idle_time_is_believed_under_a_quota(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idle, "has_quota", lambda: True)
    assert idle.IdleTimes().read() == ()


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A kernel that shows no run-queue waits."""
    monkeypatch.setenv("UNBLOCKED_HIDE_SCHEDSTAT", "1")
    return monkeypatch


class _EveryCpuIdle:
    """The idle time of two CPUs with no other work."""

    def read(self) -> tuple[int, ...]:
        return (time.perf_counter_ns(), time.perf_counter_ns())

    def close(self) -> None: ...


async def sleeps() -> None:
    time.sleep(0.4)


def decided(function: Callable[[], Awaitable[None]]) -> str:
    """What is said of the first run that a busy machine does not leave open; "" of a free loop."""
    for tries in range(8):
        time.sleep(min(tries, 3))  # all tries within a second would meet the same busy machine
        report = Report(watch.run(function))
        assert report.record.blind
        try:
            report.responsive(0.1)
        except LoopBlocked as blocked:
            return str(blocked)
        except Inconclusive as left_open:
            said = f"left open: {left_open}"
        else:
            return ""
    return said


def test_on_an_idle_machine_a_sleep_is_named_in_its_first_run(hidden: pytest.MonkeyPatch) -> None:
    # As on macOS and Windows: nothing tells where the thread sleeps. A busy machine makes the
    # sampler late, and then the verdict is open, which a second run may end.
    hidden.setattr(blind, "IdleTimes", _EveryCpuIdle)
    # One of its twenty looks is late on nearly every run there. That a late one makes the verdict
    # open is tested above ("the-whole-process-stood-still"); this is about what is proven else.
    hidden.setattr(blind, "LATE", 1000 * MS)
    hidden.delattr(time, "pthread_getcpuclockid")
    assert re.search(r"the loop was held .* `time\.sleep\(0\.4\)`", decided(sleeps))


@pytest.mark.slow
def test_a_sleep_is_named_where_the_kernel_tells_where_a_thread_sleeps(
    hidden: pytest.MonkeyPatch,
) -> None:
    hidden.setattr(idle, "has_quota", lambda: True)  # idle CPUs prove nothing
    with hogs(cpu=4):
        assert re.search(r"the loop was held .* `time\.sleep\(0\.4\)`", decided(sleeps))


def test_no_run_is_judged_by_runs_before_it() -> None:
    def busy() -> Report:
        block = Block(0.0005, 0.0, "sleep", "In [7]", 3, "json.loads(text)", "remind", doubt=0.3)
        return Report(Record(name="remind", value=b"1", blocks=[block], blind=True))

    for _ in range(5):
        with pytest.raises(Inconclusive, match=r"Close other programs first\. Run the cell again"):
            busy().responsive(0.1)
    assert Report(Record(name="remind", value=b"1", blind=True)).responsive(0.1)


@pytest.mark.slow
def test_a_pass_that_never_slept_is_free_however_long_it_took(hidden: pytest.MonkeyPatch) -> None:
    async def computes() -> None:
        until = time.thread_time() + 0.004
        while time.thread_time() < until:
            pass

    with hogs(cpu=4):
        assert decided(computes) == ""


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_no_verdict_is_wrong_beside_four_hogs_and_few_are_open(hidden: pytest.MonkeyPatch) -> None:
    corpus = labels.load().values()
    groups = [[s for s in corpus if s.blocking is kind] for kind in (True, False)]
    chosen = [group[len(group) * n // SNIPPETS] for group in groups for n in range(SNIPPETS)]
    worker = Worker("probe", [snippet.name for snippet in chosen], on_thread=True)
    seen = {}
    with hogs(cpu=4):
        for snippet in chosen:
            seen[snippet] = worker.run(snippet.name)
    worker.close()
    verdicts = {snippet: found.verdict for snippet, found in seen.items() if found is not None}
    assert not [s.name for s, said in verdicts.items() if s.blocking and said == "free"]
    assert not [s.name for s, said in verdicts.items() if not s.blocking and said == "blocked"]
    assert all(said == "blocked" for s, said in verdicts.items() if s.kind == "cpu")
    assert list(verdicts.values()).count("inconclusive") <= 0.3 * len(chosen)


# A free-threaded Python


def test_without_a_gil_no_thread_is_blamed_for_keeping_it() -> None:
    thread = {"own_cpu": 180 * MS, "active": 1, "culprit": 7, "started": True}
    late_select = Sleep(200 * MS, 0, 39, in_select=True)
    kept = attribute(late_select, SampleSummary(), Threads(**thread))
    assert kept.for_gil
    free = attribute(late_select, SampleSummary(), Threads(**thread, gil=False))
    assert not free.for_gil
    assert free.doubt == 200 * MS
    at_lock = Sleep(200 * MS, 0, 39, in_select=False)
    seen = SampleSummary(at_lock=True, found=True)
    assert attribute(at_lock, seen, Threads(**thread)).for_gil
    assert attribute(at_lock, seen, Threads(**thread, gil=False)).doubt == 200 * MS
    assert attribute(at_lock, seen, Threads(gil=False)).doubt == 0  # nothing else ran: a lock


def test_without_a_gil_a_late_select_does_not_stop_all_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # sys._current_frames() waits there until every thread is stopped: beside `sort` in a thread,
    # the look itself held the loop for 170 to 550 ms.
    looks_taken: list[int] = []
    monkeypatch.setattr("threading._active", {1: None, 2: None, 3: None})
    monkeypatch.setattr(sampler, "frames_now", lambda: looks_taken.append(1) or nullcontext({}))
    monkeypatch.setattr("sys._is_gil_enabled", lambda: False, raising=False)
    sampler.Sampler().sample_now(0)
    assert not looks_taken
    monkeypatch.setattr("sys._is_gil_enabled", lambda: True, raising=False)
    sampler.Sampler().sample_now(0)
    assert looks_taken


def test_a_python_without_a_gil_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys._is_gil_enabled", lambda: False, raising=False)

    async def quick() -> None:
        await asyncio.sleep(0)

    report = Report(watch.run(quick))
    assert not report.record.gil
    assert "This Python has no GIL" in report.sentence
    assert "GIL" in [finding.name for finding in kernel_clock()]
    monkeypatch.setattr("sys._is_gil_enabled", lambda: True, raising=False)
    assert thread_stats.has_gil()
    assert "GIL" not in Report(watch.run(quick)).sentence


def test_doctor_says_what_a_kernel_that_tells_nothing_costs(hidden: pytest.MonkeyPatch) -> None:
    finding = next(one for one in kernel_clock() if one.name == "run-queue wait")
    assert "idle time" in finding.costs
