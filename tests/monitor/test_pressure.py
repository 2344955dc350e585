"""A lack of memory is doubt, while the machine or the control group reports one, and never else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from autograder.monitor import pressure
from autograder.monitor.attribution import Attribution, Sleep, Threads, attribute
from autograder.monitor.pressure import PAGES, Pressure
from autograder.monitor.probe import Probe
from autograder.monitor.sample_summary import see
from autograder.monitor.samples import Sample
from autograder.monitor.thread_stats import Reading

MS = 1_000_000
LINES = "some avg10=0.00 avg60=0.00 avg300=0.00 total={}\nfull avg10=0.00 total=7\n"


def samples_in(place: bytes) -> list[Sample]:
    return [
        Sample(0, at * MS, at * MS + 20_000, MS, 0, 1, place, 0, 1, False) for at in (20, 40, 90)
    ]


def judged(samples: list[Sample], *, pressed: bool) -> Attribution:
    """A pass of 121 ms in which the loop slept for 120 ms, once."""
    base, end = Reading(0, 0, 0, 0), Reading(121 * MS, MS, 0, 1)
    summary = see(samples, base, 0, 0, end=end, in_select=False, pressed=pressed)
    return attribute(Sleep(120 * MS, 0, 1, in_select=False), summary, Threads())


def test_a_wait_for_a_page_is_a_block_unless_memory_is_short() -> None:
    # Where a thread slept that read a cold file through mmap (Linux 6.18).
    cold = samples_in(b"folio_wait_bit_common")
    free = judged(cold, pressed=False)
    assert (free.certain, free.doubt) == (0, 0)
    short = judged(cold, pressed=True)
    assert (short.certain, short.doubt) == (0, 120 * MS)


def test_a_sleep_that_samples_saw_elsewhere_is_a_block_also_while_memory_is_short() -> None:
    answer = judged(samples_in(b"hrtimer_nanosleep"), pressed=True)
    assert 120 * MS - answer.certain - answer.doubt > 110 * MS


def test_a_sleep_that_no_sample_saw_is_open_while_memory_is_short() -> None:
    # A thread that waits for a page keeps the GIL, so the sampler cannot look.
    assert judged([], pressed=True).doubt == 120 * MS
    assert judged([], pressed=False).doubt == 0


@pytest.mark.parametrize("place", [b"hrtimer_nanosleep", b"futex_do_wait", b"do_epoll_wait", b""])
def test_what_a_learner_waits_for_is_no_page(place: bytes) -> None:
    assert not place.startswith(PAGES)


def test_pressure_is_felt_while_the_kernels_figure_grows_and_for_two_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, now = tmp_path / "memory.pressure", [0]
    (tmp_path / "cgroup.events").touch()  # all groups have it but the one above all others
    monkeypatch.setattr(pressure, "_candidates", lambda: iter([str(file)]))
    monkeypatch.setattr(pressure, "perf_counter_ns", lambda: now[0])
    monkeypatch.setattr(pressure.os, "cpu_count", lambda: 2)
    file.write_text(LINES.format(1_000_000))
    felt = Pressure()
    assert not felt.felt()
    file.write_text(LINES.format(1_000_400))  # too short to explain anything
    assert not felt.felt()
    file.write_text(LINES.format(1_002_000))
    assert felt.felt()
    now[0] += pressure.LASTS // 2
    assert felt.felt()
    now[0] += pressure.LASTS
    assert not felt.felt()
    felt.close()


def test_the_figure_of_the_own_group_comes_before_the_machines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = tmp_path / "unified" / "course"
    group.mkdir(parents=True)
    own, machine, said = group / "memory.pressure", tmp_path / "machine", tmp_path / "cgroup"
    said.write_text("4:memory:/elsewhere\n0::/course\n")
    machine.write_text(LINES.format(5))
    monkeypatch.setattr(pressure, "_GROUP", str(said))
    monkeypatch.setattr(pressure, "_HIERARCHIES", (str(tmp_path), str(tmp_path / "unified")))
    monkeypatch.setattr(pressure, "MACHINE", str(machine))
    assert pressure.source() == str(machine)
    own.write_text(LINES.format(5))
    assert pressure.source() == str(own)
    own.unlink()
    machine.unlink()
    assert pressure.source() == ""
    assert not Pressure().felt()


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The kernel's files of a process in the group /one/two of version 1, on a machine of 23 GB."""
    for name, path in {
        "MACHINE": "pressure", "_EVENTS": "vmstat", "_FREE": "meminfo", "_GROUP": "cgroup",
        "_OF_MEMORY": "memory",
    }.items():  # fmt: skip
        monkeypatch.setattr(pressure, name, str(tmp_path / path))
    monkeypatch.setattr(pressure, "_HIERARCHIES", ())
    (tmp_path / "cgroup").write_text("4:memory:/one/two\n1:cpu:/\n0::/\n")
    (tmp_path / "memory" / "one" / "two").mkdir(parents=True)
    reached(tmp_path, "one/two", 0)
    reached(tmp_path, "one", 0)
    reached(tmp_path, "", 0)
    found(tmp_path, free=17_000_000, searches=51)
    return tmp_path


def reached(machine: Path, group: str, times: int) -> None:
    (machine / "memory" / group / "memory.failcnt").write_text(f"{times}\n")


def found(machine: Path, *, free: int, searches: int) -> None:
    (machine / "pressure").write_text(LINES.format(0))
    (machine / "meminfo").write_text(f"MemTotal: 24000000 kB\nMemFree: {free} kB\nBuffers: 0 kB\n")
    # As measured: the kernel joined pages and filled up its reserve, with 17 GB free.
    (machine / "vmstat").write_text(f"allocstall_normal {searches}\npgscan_kswapd 12702918\n")


def felt_after(machine: Path, change: Callable[[], None]) -> bool:
    felt = Pressure()
    change()
    (machine / "pressure").write_text(LINES.format(500_000))
    try:
        return felt.felt()
    finally:
        felt.close()


def test_what_other_groups_and_the_kernels_own_work_lack_is_no_lack_of_this_process(
    machine: Path,
) -> None:
    (machine / "memory" / "other").mkdir()
    assert not felt_after(machine, lambda: reached(machine, "other", 900))


@pytest.mark.parametrize("group", ["one/two", "one"])
def test_the_machines_figure_counts_while_the_own_group_or_one_above_it_is_full(
    machine: Path, group: str
) -> None:
    assert felt_after(machine, lambda: reached(machine, group, 3))


@pytest.mark.parametrize(("free", "searches"), [(200_000, 51), (17_000_000, 52)])
def test_the_machines_figure_counts_while_the_machine_has_no_pages_left(
    machine: Path, free: int, searches: int
) -> None:
    assert felt_after(machine, lambda: found(machine, free=free, searches=searches))


def test_the_figure_of_the_group_above_all_others_is_the_machines(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "pressure").rename(machine / "memory.pressure")
    (machine / "pressure").symlink_to(machine / "memory.pressure")
    monkeypatch.setattr(pressure, "_HIERARCHIES", (str(machine),))
    assert pressure.source() == str(machine / "memory.pressure")
    assert not felt_after(machine, lambda: None)
    found(machine, free=17_000_000, searches=51)
    (machine / "cgroup.events").touch()  # a container whose own group is the first that it sees
    assert felt_after(machine, lambda: None)


def test_where_a_container_hides_the_groups_the_machines_figure_counts(machine: Path) -> None:
    (machine / "cgroup").unlink()
    assert felt_after(machine, lambda: None)


def test_a_lack_of_long_ago_is_not_felt_in_a_call_that_went_on(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine / "cgroup").unlink()
    now = [0]
    monkeypatch.setattr(pressure, "perf_counter_ns", lambda: now[0])
    felt = Pressure()
    (machine / "pressure").write_text(LINES.format(500_000))
    for now[0] in range(0, 5 * pressure.LASTS, 10 * MS):
        felt.renew(now[0])
    assert not felt.felt()
    felt.close()


class Told:
    """Stands for Pressure."""

    def __init__(self, answer: bool) -> None:
        self.answer = answer

    def felt(self) -> bool:
        return self.answer

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("short", "system", "doubt"), [(True, 47, 51), (True, 16, 32), (False, 47, 0)]
)
def test_twice_the_kernels_part_of_the_cpu_time_is_doubt_while_memory_is_short(
    short: bool, system: int, doubt: int
) -> None:
    # As measured: a call that only awaited was blamed for 51 ms of CPU, of which the kernel used 47
    # to search for pages; and one that parses JSON for 15 ms used 61, of which it counted 16.
    probe = Probe()
    probe.pressure.close()
    probe.pressure = Told(short)  # type: ignore[assignment]
    base = probe.base
    end = Reading(base.wall + 52 * MS, base.cpu + 51 * MS, base.wait, base.switches, base.system)
    probe._measure(base.wall, end._replace(system=base.system + system * MS), own_switches=0)
    probe.close()
    held = probe.held[0]
    assert (held.seconds, held.doubt) == ((51 - doubt) * MS, doubt * MS)
