"""What the probe takes off a sleep, and what it must not: figures as the kernel gave them."""

from __future__ import annotations

from autograder.blame import Look
from autograder.clock import Reading
from autograder.excuses import Sleep, Threads, excuse, see

MS = 1_000_000


def look(at: float, switches: int, sleeps_in: bytes) -> Look:
    """A look at a loop's thread that has computed for 1 ms; milliseconds."""
    began = int(at * MS)
    return Look(0, began, began + 20_000, MS, 0, switches, sleeps_in, 0, 1, False)


def slept(looks: list[Look], switches: int) -> int:
    """What remains of a sleep of 900 ms while a thread of the call waited 10 ms for a CPU."""
    base, end = Reading(0, 0, 0, 0), Reading(901 * MS, MS, 0, switches)
    seen = see(looks, base, 0, 0, end=end)
    sleep = Sleep(900 * MS, 0, switches, in_select=False)
    said = excuse(sleep, seen, Threads(own_wait=10 * MS, active=1, own_cpu=MS))
    return 900 * MS - said.certain - said.doubt


def test_a_sleep_that_looks_found_to_be_one_is_the_codes_own() -> None:
    # As measured beside 8 hogs: one look found the loop at the GIL before it fell asleep, and so
    # the 10 ms that discord.py's heartbeat thread waited for a CPU were taken off: 890 for 900.
    looks = [look(5, 1, b"futex_wait_queue")]
    looks += [look(at, 2, b"hrtimer_nanosleep") for at in (8, 20, 40, 80, 300)]
    assert slept(looks, switches=2) > 892 * MS  # what was before 8 ms is doubtful


def test_a_sleep_at_a_lock_may_be_a_wait_for_a_starved_thread() -> None:
    looks = [look(at, 1, b"futex_wait_queue") for at in (20, 40, 80, 300)]
    assert slept(looks, switches=1) == 890 * MS


def test_only_the_time_between_looks_that_saw_one_sleep_is_certain() -> None:
    # It woke between the second look and the end, and may have waited for the GIL since.
    looks = [look(20, 1, b"hrtimer_nanosleep"), look(40, 1, b"hrtimer_nanosleep")]
    looks += [look(800, 2, b"futex_wait_queue")]
    assert slept(looks, switches=2) == 890 * MS


def test_a_wait_for_the_gil_after_the_sleep_is_not_the_codes() -> None:
    # Beside 18 hogs the loop woke and then waited 23 ms for a starved thread: 923 for 900.
    looks = [look(at, 1, b"hrtimer_nanosleep") for at in (20, 40, 80, 300, 860)]
    assert slept(looks, switches=2) == 890 * MS
    assert slept(looks, switches=1) == 900 * MS
