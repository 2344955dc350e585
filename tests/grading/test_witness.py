"""The witness: what the kernel's figures say of a process that waits for the machine."""

from __future__ import annotations

import itertools
import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator

import pytest

from autograder.grading.examination import fork_client, process_figures, witness

# The main thread joins a thread that wants to compute. Both are on one CPU, beside a program that
# computes there all the time; the thread has a policy with which it gets almost nothing of it.
JOINS_A_THREAD_THAT_GETS_NO_CPU = """
    import os, threading, time
    cpu = min(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cpu})
    hog = os.fork()
    if hog == 0:
        end = time.monotonic() + 5
        while time.monotonic() < end and os.getppid() != 1:
            pass
        os._exit(0)
    def computes():
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        while True:
            pass
    thread = threading.Thread(target=computes, daemon=True)
    thread.start()
    print(flush=True)
    thread.join()
"""
SLEEPS_BESIDE_A_THREAD_THAT_SLEEPS = """
    import threading, time
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
    print(flush=True)
    time.sleep(60)
"""
SLEEPS_AND_ANSWERS_IN_A_HANDLER = """
    import os, signal, threading, time
    signal.signal(signal.SIGUSR1, lambda *_: None)
    def ring():
        while True:
            time.sleep(0.004)
            os.kill(os.getpid(), signal.SIGUSR1)
    threading.Thread(target=ring, daemon=True).start()
    print(flush=True)
    {}
"""
LEAVES_A_HOG_BEHIND = """
    import ctypes, os, subprocess, sys, time
    ctypes.CDLL(None).prctl(36, 1)  # PR_SET_CHILD_SUBREAPER of linux/prctl.h: as a room's first one
    if os.fork() == 0:
        hog = "import time\\nwhile time.thread_time() < 10: pass"
        subprocess.run(["sh", "-c", f"'{sys.executable}' -c '{hog}' & echo"])
    time.sleep(60)
"""
MANY_SHORT_SLEEPS = """
    import time
    print(flush=True)
    while True:
        time.sleep(0.03)
"""


# How often a figure is taken at most: a virtual machine that stops for 0.1 s makes a sleep longer,
# and a witness that gets no CPU sees less of it. A fault of the witness shows each time.
TRIES = 4

# Short sleeps, as a loop has them, until a line arrives; then a long one.
SLEEPS_WHEN_IT_HAS_ANSWERED = """
    import select, sys, time
    print(flush=True)
    while not select.select([sys.stdin], [], [], 0.002)[0]:
        pass
    time.sleep(60)
"""


@pytest.fixture
def process(request: pytest.FixtureRequest) -> Iterator[int]:
    source = textwrap.dedent(request.param)
    running = subprocess.Popen([sys.executable, "-c", source], stdout=subprocess.PIPE)
    assert running.stdout is not None
    with running:
        running.stdout.readline()
        time.sleep(0.1)
        yield running.pid
        running.kill()


def seen_asleep(process: int, seconds: float) -> float:
    """For how long the witness says that the main thread slept of its own accord, in seconds."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one = witness.Witness(process, ours)
    watching = witness.Watching(one)
    theirs.send(witness.HELLO)
    time.sleep(seconds)
    seen = watching.end()
    theirs.close()
    one.close()
    assert not seen.lost
    return seen.asleep


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="a policy of Linux")
@pytest.mark.parametrize("process", [JOINS_A_THREAD_THAT_GETS_NO_CPU], indirect=True, ids=[""])
def test_a_wait_for_a_thread_that_waits_for_a_cpu_is_no_sleep(process: int) -> None:
    assert seen_asleep(process, 1.0) < 0.2


@pytest.mark.parametrize("process", [SLEEPS_BESIDE_A_THREAD_THAT_SLEEPS], indirect=True, ids=[""])
def test_a_sleep_is_seen(process: int) -> None:
    assert any(seen_asleep(process, 1.0) > 0.8 for _ in range(TRIES))


@pytest.mark.parametrize(
    "process",
    [
        SLEEPS_AND_ANSWERS_IN_A_HANDLER.format("time.sleep(60)"),
        SLEEPS_AND_ANSWERS_IN_A_HANDLER.format("threading.Event().wait(60)"),
    ],
    indirect=True,
    ids=["sleep", "lock"],
)
def test_a_sleep_that_signals_interrupt_is_seen_in_one_piece(process: int) -> None:
    # A busy machine may delay the handlers' returns, and so cut a wait for a lock into pieces. What
    # the thread that rings waits for a CPU is taken off, too. Each piece alone has 0.004 s.
    assert any(seen_asleep(process, 1.0) > 0.2 for _ in range(TRIES))


@pytest.mark.parametrize("process", [MANY_SHORT_SLEEPS], indirect=True, ids=[""])
def test_sleeps_one_after_the_other_are_not_one(process: int) -> None:
    assert any(seen_asleep(process, 1.0) < 0.1 for _ in range(TRIES))


@pytest.mark.slow
def test_what_the_candidate_sleeps_while_its_answer_waits_for_us_is_no_sleep_of_the_call() -> None:
    """The examiner's main thread needs 0.4 s until it takes the answer."""
    for _ in range(TRIES):
        seen = seen_while_the_answer_waits()
        assert seen.answers >= 4
        if seen.asleep < 0.2:
            break  # on a busy machine this thread also waits for the witness's GIL
    assert seen.asleep < 0.2


def seen_while_the_answer_waits() -> witness.Testimony:
    """What the witness sees of a candidate that sleeps while this thread computes for 0.4 s."""
    command = [sys.executable, "-c", textwrap.dedent(SLEEPS_WHEN_IT_HAS_ANSWERED)]
    pipe = subprocess.PIPE
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with theirs, subprocess.Popen(command, stdin=pipe, stdout=pipe) as running:
        assert running.stdin is not None
        assert running.stdout is not None
        running.stdout.readline()
        one = witness.Witness(running.pid, ours)
        watching = witness.Watching(one)
        theirs.send(witness.HELLO)
        for _ in range(5):
            theirs.send(theirs.recv(16))
        running.stdin.write(b"\n")
        running.stdin.flush()
        began = time.thread_time()
        while time.thread_time() < began + 0.4:
            pass
        seen = watching.end()
        one.close()
        running.kill()
    return seen


def sample(**figures: int) -> process_figures.WitnessSample:
    """A look at a process 0.3 s after the machine began to run; `figures` are those not 0."""
    fields = process_figures.WitnessSample._fields
    return process_figures.WitnessSample(
        **{name: figures.get(name, 0) for name in fields}
    )._replace(others={})


def test_a_thread_that_keeps_its_cpu_does_not_sleep() -> None:
    """0.3 s passed, of which it had its CPU for 5 ms: the machine's own CPU was taken away."""
    base = sample(runs=7)
    look = sample(runs=7, cpu=5_000_000, before=300_000_000, after=300_000_000)
    assert process_figures.held_between(base, 0, look, 300_000_000) == 0.005
    slept = look._replace(runs=8)
    assert process_figures.held_between(base, 0, slept, 300_000_000) == 0.3


def test_a_clock_that_is_set_is_no_block() -> None:
    """It was set by an hour, or the machine slept for one, while the loop slept for 10 ms."""
    hour = 3600 * 10**9
    base, look = sample(runs=7), sample(runs=8, offset=hour, before=hour, after=hour)
    assert process_figures.held_between(base, 0, look, hour + 10_000_000) == 0.01


@pytest.mark.slow
@pytest.mark.parametrize("process", [MANY_SHORT_SLEEPS], indirect=True, ids=[""])
def test_a_witness_without_a_cpu_does_not_take_short_sleeps_for_one(
    process: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets none for 0.1 s between the two readings that come after the first knock."""
    look = witness.Witness.look

    def longest_of_15() -> float:
        longest = 0.0
        for _ in range(15):
            looks = itertools.count(1)

            def late(
                of: witness.Witness, looks: Iterator[int] = looks
            ) -> process_figures.WitnessSample:
                found = look(of)
                time.sleep(0.1 if next(looks) == 5 else 0)  # the fourth is before the knock
                return found

            monkeypatch.setattr(witness.Witness, "look", late)
            longest = max(longest, seen_asleep(process, 0.3))
        return longest

    assert any(longest_of_15() < 0.1 for _ in range(TRIES))


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "SCHED_IDLE"), reason="a policy of Linux")
def test_a_process_that_is_being_started_and_waits_for_a_cpu_is_seen() -> None:
    computes = ["sh", "-c", "read go; while :; do :; done"]  # young: it has used 1 ms of CPU
    cpu = {min(os.sched_getaffinity(0))}
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)

    def waits() -> subprocess.Popen[bytes]:
        return subprocess.Popen(computes, stdin=subprocess.PIPE)

    with waits() as hog, waits() as young, theirs:
        os.sched_setscheduler(young.pid, os.SCHED_IDLE, os.sched_param(0))
        for one in (hog, young):
            os.sched_setaffinity(one.pid, cpu)
            assert one.stdin is not None
            one.stdin.write(b"go\n")
            one.stdin.flush()
        seen = witness.Witness(os.getpid(), ours)
        base = seen.look()
        for _ in range(10):
            time.sleep(0.1)
            look = seen.look()
        hog.kill()
        young.kill()
        seen.close()
    assert process_figures.waited(base, look) > 0.3e9


@pytest.mark.parametrize("process", [LEAVES_A_HOG_BEHIND], indirect=True, ids=[""])
def test_what_a_program_left_behind_is_its_own_load(process: int) -> None:
    until = time.monotonic() + 30
    while len(found := fork_client.children_of(process)) < 2:  # the shell has not ended yet
        assert time.monotonic() < until
        time.sleep(0.02)
    candidate, hog = found
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    seen = witness.Witness(candidate, ours, room=process)
    base = look = seen.look()
    until = time.monotonic() + 30  # on a busy machine
    while look.busy - base.busy < 0.05e9 and time.monotonic() < until:
        time.sleep(0.02)
        look = seen.look()
    for one in (candidate, hog):
        os.kill(one, signal.SIGKILL)
    theirs.close()
    seen.close()
    assert look.busy - base.busy >= 0.05e9
