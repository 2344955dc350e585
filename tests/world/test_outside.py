"""What a test keeps outside: used as drivers use it, and by others that want to spoil the test."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from autograder import outside, watch
from autograder.report.report import Report
from autograder.testing import kept, reached


class Room:
    def __init__(self) -> None:
        self.said: list[Any] = []

    async def send(self, line: Any) -> int:
        await asyncio.sleep(0.005)
        self.said.append(line)
        return len(self.said)

    def note(self, line: Any) -> None:
        self.said.append(line)

    def fails(self) -> None:
        raise KeyError("dice")

    def _hidden(self) -> str:
        return "the score"


def watched(driver: Callable[..., Any], thing: object) -> Report:
    """The report on a driver that reaches this thing, as a test cell gets it."""

    async def cell() -> Report:
        async with kept(thing) as address:
            return await watch(driver, address)

    return asyncio.run(cell())


def test_what_is_asked_and_told_happens_in_the_test_and_is_heard_before_it_goes_on() -> None:
    async def driver(address: str) -> list[int]:
        async with reached(address) as out:
            counted = [await out.ask("send", ("ada", 1)), await out.ask("send", {"bo": b"2"})]
            for number in range(500):
                out.tell("note", number)
        return counted

    report = watched(driver, room := Room())
    assert report.value == [1, 2]
    assert room.said == [("ada", 1), {"bo": b"2"}, *range(500)]


def test_what_is_told_while_the_loop_is_held_is_heard_at_once() -> None:
    heard = threading.Event()

    class Ear:
        def now(self) -> None:
            heard.set()

    async def driver(address: str) -> bool:
        async with reached(address) as out:
            out.tell("now")
            return heard.wait(8)  # it holds the loop; `watch` gives a call 10 s

    assert watched(driver, Ear()).value is True


def test_a_test_that_is_slow_to_listen_has_heard_all_when_the_call_ends() -> None:
    async def driver(address: str) -> None:
        async with reached(address) as out:
            for number in range(3):
                out.tell("note", number)

    async def cell() -> list[Any]:
        async with kept(room := Room()) as address:
            loop = asyncio.get_running_loop()
            for moment in range(1, 12):
                loop.call_later(moment / 100, time.sleep, 0.05)
            assert (await watch(driver, address)).error is None
            return list(room.said)

    assert [asyncio.run(cell()) for _ in range(5)] == [[0, 1, 2]] * 5


def test_a_driver_adds_no_task_to_its_loop() -> None:
    async def driver(address: str) -> int:
        async with reached(address) as out:
            await out.ask("send", "tea")
            return len(asyncio.all_tasks())

    assert watched(driver, Room()).value == 1


def test_asks_overlap_and_each_gets_its_own_answer() -> None:
    class Slow:
        together = 0

        def __init__(self) -> None:
            self.all = asyncio.Event()

        async def wait(self, number: int) -> int:
            self.together += 1
            if self.together == 3:
                self.all.set()
            await asyncio.wait_for(self.all.wait(), 8)  # it never comes if asks do not overlap
            await asyncio.sleep(number / 20)  # so the answers come in another order than the asks
            return number

    async def driver(address: str) -> list[int]:
        async with reached(address) as out:
            return await asyncio.gather(*(out.ask("wait", number) for number in (3, 1, 2)))

    assert watched(driver, Slow()).value == [3, 1, 2]


@pytest.mark.parametrize(
    ("method", "said"), [("fails", "dice"), ("_hidden", "_hidden"), ("said", "said")]
)
def test_what_fails_or_is_not_there_fails_in_the_driver(method: str, said: str) -> None:
    async def driver(address: str) -> None:
        async with reached(address) as out:
            await out.ask(method)

    report = watched(driver, Room())
    assert report.error is not None
    assert report.error[0] == "RuntimeError"
    assert said in report.error[1]


def messages() -> Iterator[bytes]:
    yield b"nothing\n"
    yield b"[1]\n"
    yield b'[1, "note", {}]\n'
    yield b'[{"d": [[1, 1]]}, "note", ["x"]]\n'
    yield b'[1, ["note"], ["x"]]\n'
    yield b"[" * 50_000 + b"\n"
    yield b"x" * (2 * outside.LONGEST) + b"\n"
    yield b'[0, "note", []]\n' * (outside.MOST + 10)
    yield b'[0, "note", ["no end'


@pytest.mark.parametrize("message", list(messages()), ids=lambda message: str(message[:12]))
def test_what_is_no_message_ends_its_connection_and_nothing_else(message: bytes) -> None:
    async def cell() -> list[Any]:
        async with kept(room := Room()) as address:
            host, _, port = address.partition(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(message)
            async with asyncio.timeout(60):  # 10 000 messages are a second of CPU
                with contextlib.suppress(ConnectionError):
                    writer.write_eof()
                    await reader.read()
            writer.close()
        return room.said

    assert asyncio.run(cell()) == []
