"""Snippets made on demand, for figures, not verdicts: blocks of a wanted length, round trips.

`sleep 20`, `cpu 20` and `both 20` hold the loop for that many milliseconds once, on one thread, and
return how long it truly was. `echo N` and `callbacks N` return the CPU seconds of this process for
one echo round trip over asyncio's streams (4 passes of the loop, 2 steps of tasks), and for one
pass of the loop that runs 50 callbacks.
"""

from __future__ import annotations

import asyncio
import time

from autograder.bench.probe.labels import Function, Snippet
from autograder.bench.probe.sizing import burn, nap

CALLBACKS = 50
SENT = 32  # bytes a message


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


async def echo(trips: int) -> tuple[float, float]:
    """Return the CPU time of this process and the wall time, in s, of one round trip."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while line := await reader.read(SENT):
            writer.write(line)
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        at, began = time.perf_counter(), time.process_time()
        for _ in range(trips):
            writer.write(b"x" * SENT)
            await reader.read(SENT)
        spent, lasted = time.process_time() - began, time.perf_counter() - at
        writer.close()
        await writer.wait_closed()
        await asyncio.sleep(0.01)  # the other side closes
    return spent / trips, lasted / trips


async def _echo(trips: int) -> float:
    return (await echo(trips))[0]


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
