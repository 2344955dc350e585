"""The bracket's own `select` returns what the selector's does, and is used for none but that."""

from __future__ import annotations

import asyncio
import os
import selectors
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from autograder.monitor import select_probe
from autograder.monitor.probe import Probe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has epoll")
READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
Select = Callable[..., list[Any]]


@pytest.fixture
def selector() -> Iterator[selectors.BaseSelector]:
    with selectors.DefaultSelector() as made:
        yield made


@pytest.fixture
def probe() -> Iterator[Probe]:
    with closing(Probe()) as made:
        yield made


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    with one, other:
        yield one, other


def both(probe: Probe, selector: selectors.BaseSelector) -> tuple[Select, Select]:
    """The selector's own `select`, and the bracket's."""
    stock = selector.select
    select_probe.bracket(probe, selector)
    bracket: Select = selector.select
    assert bracket.__qualname__.startswith("bracketed_poll")
    return stock, bracket


def same(probe: Probe, selector: selectors.BaseSelector, timeout: float | None = 0) -> list[Any]:
    stock, bracket = both(probe, selector)
    found = bracket(timeout)
    assert found == stock(timeout)
    return [(key.data, events) for key, events in found]


def test_what_can_be_read_and_written(
    probe: Probe, selector: selectors.BaseSelector, pair: tuple[socket.socket, socket.socket]
) -> None:
    one, other = pair
    selector.register(one, READ | WRITE, "one")
    assert same(probe, selector) == [("one", WRITE)]
    other.send(b"x")
    assert same(probe, selector) == [("one", READ | WRITE)]
    selector.modify(one, READ, "one")
    assert same(probe, selector, None) == [("one", READ)]
    selector.modify(one, WRITE, "one")
    assert same(probe, selector, 5) == [("one", WRITE)]


@pytest.mark.parametrize("wanted", [READ, WRITE, READ | WRITE])
def test_a_hang_up_is_all_that_was_asked_for(
    probe: Probe, selector: selectors.BaseSelector, wanted: int
) -> None:
    read_end, write_end = os.pipe()
    selector.register(write_end, wanted, "pipe")
    os.close(read_end)
    assert same(probe, selector, None) == [("pipe", wanted)]
    os.close(write_end)


def test_a_descriptor_that_is_no_longer_registered_is_left_out(
    probe: Probe, selector: selectors.BaseSelector, pair: tuple[socket.socket, socket.socket]
) -> None:
    for number, end in enumerate(pair):
        selector.register(end, WRITE, number)
    stock, bracket = both(probe, selector)
    found = selector._fd_to_key.pop(pair[0].fileno())  # type: ignore[attr-defined]
    # There is room for one event now, so the kernel shows the two descriptors in turn.
    for select in (stock, bracket):
        assert {key.data for _ in range(4) for key, _ in select(0)} == {1}
    selector._fd_to_key[pair[0].fileno()] = found  # type: ignore[attr-defined]
    assert {key.data for key, _ in bracket(0)} == {0, 1}


def test_a_closed_descriptor_is_left_out(
    probe: Probe, selector: selectors.BaseSelector, pair: tuple[socket.socket, socket.socket]
) -> None:
    selector.register(pair[0], READ | WRITE, "closed")
    pair[0].close()
    assert same(probe, selector, 0.001) == []


@pytest.mark.parametrize(
    ("timeout", "least"), [(0, 0), (-1, 0), (0.0071, 0.0071), (0.0004, 0.0004)]
)
def test_without_a_descriptor_it_sleeps_until_the_time_out(
    probe: Probe, selector: selectors.BaseSelector, timeout: float, least: float
) -> None:
    for select in both(probe, selector):
        began = time.monotonic()
        assert select(timeout) == []
        assert time.monotonic() - began >= least


def test_an_interrupted_call_found_nothing(probe: Probe) -> None:
    asked = []

    def poll(*arguments: float) -> list[tuple[int, int]]:
        asked.append(arguments)
        raise InterruptedError

    bracket = select_probe.bracketed_poll(probe, poll, {})
    assert [bracket(timeout) for timeout in (None, 0, -2.0, 0.0031)] == [[]] * 4
    main = (select_probe.TICK, 1)  # on the main thread a signal handler could hide in a sleep
    assert asked == [main, (0, 1), (0, 1), (pytest.approx(0.004), 1)]
    assert probe.marks.moment > 0


def test_another_selector_or_one_that_looks_different_is_wrapped(probe: Probe) -> None:
    class Subclass(selectors.EpollSelector):
        pass

    class Counting(dict[int, Any]):
        pass

    class Polling:
        def poll(self, timeout: float, most: int) -> list[Any]:
            return []

        def close(self) -> None:
            pass

    strange = selectors.EpollSelector()
    strange._fd_to_key = Counting()  # type: ignore[attr-defined]
    other = selectors.EpollSelector()
    other._selector.close()  # type: ignore[attr-defined]
    other._selector = Polling()  # type: ignore[attr-defined]
    for made in (Subclass(), selectors.PollSelector(), strange, other):
        with made:
            select_probe.bracket(probe, made)
            assert made.select.__qualname__.startswith("bracketed.")
            assert made.select(0) == []


def test_the_loop_has_the_time_of_its_timers(probe: Probe) -> None:
    with closing(probe.make_loop()) as loop:
        # Between two readings of asyncio's own, however far apart a busy machine makes them.
        before = asyncio.SelectorEventLoop.time(loop)
        found = loop.time()
        assert before <= found <= asyncio.SelectorEventLoop.time(loop)
