"""Snippets made on demand, for figures, not verdicts: blocks of a wanted length, round trips.

`sleep 20`, `cpu 20` and `both 20` hold the loop for that many milliseconds once, on one thread, and
return how long it truly was. `echo N` and `callbacks N` return the CPU seconds of this process for
one echo round trip, and for one pass of the loop that runs 50 callbacks.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from autograder.bench.probe.labels import Function, Snippet
from autograder.bench.probe.sizing import burn, nap

CALLBACKS = 50


def made(name: str) -> Snippet:
    """Return the snippet that a name such as `sleep 20` asks for."""
    kind, _, amount = name.partition(" ")
    function = _FUNCTIONS[kind]
    argument = float(amount) / 1000 if kind in BLOCKS else int(amount)
    return Snippet(
        name=name,
        group="made",
        function=function,
        blocking=kind in BLOCKS,
        kind=kind,
        seconds=None,
        exact=False,
        twin="",
        given=lambda: (argument,),
        main_thread=False,
        file=__file__,
        lines=frozenset(),
    )


async def _sleep(seconds: float) -> float:
    await asyncio.sleep(0.013)
    slept = nap(seconds)
    await asyncio.sleep(0.013)
    return slept


async def _cpu(seconds: float) -> float:
    await asyncio.sleep(0.013)
    spent = burn(seconds)
    await asyncio.sleep(0.013)
    return spent


async def _both(seconds: float) -> float:
    await asyncio.sleep(0.013)
    blocked = burn(seconds / 2) + nap(seconds / 2)
    await asyncio.sleep(0.013)
    return blocked


class _Echo(asyncio.Protocol):
    """Sends back what comes."""

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.Transport = transport

    def data_received(self, data: bytes) -> None:
        self.transport.write(data)


class _Client(_Echo):
    """Sends again as soon as the answer arrives, `trips` times."""

    def __init__(self, trips: int, done: asyncio.Future[None]) -> None:
        self.trips, self.done = trips, done

    def data_received(self, data: bytes) -> None:
        self.trips -= 1
        if self.trips > 0:
            self.transport.write(data)
        elif not self.done.done():
            self.done.set_result(None)


async def _echo(trips: int) -> float:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Echo, "127.0.0.1", 0)
    done = loop.create_future()
    transport, _ = await loop.create_connection(
        lambda: _Client(trips, done), *server.sockets[0].getsockname()
    )
    began = time.process_time()
    transport.write(b"x" * 64)
    await done
    spent = time.process_time() - began
    transport.close()
    server.close()
    await asyncio.sleep(0.01)
    return spent / trips


async def _callbacks(passes: int) -> float:
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = [passes * CALLBACKS]

    def again() -> None:
        left[0] -= 1
        if left[0] > 0:
            loop.call_soon(again)
        elif not done.done():
            done.set_result(None)

    began = time.process_time()
    for _ in range(CALLBACKS):
        loop.call_soon(again)
    await done
    return (time.process_time() - began) / passes


BLOCKS = ("sleep", "cpu", "both")
_FUNCTIONS: dict[str, Function] = {
    "sleep": _sleep,
    "cpu": _cpu,
    "both": _both,
    "echo": _echo,
    "callbacks": _callbacks,
}
