"""Objects that a test keeps outside of the learner's process, for answers that need no server.

What an answer must use is kept by the test. Each use of it is one message, and the test's object
has seen what happened. What the learner's process would write down itself is only a claim.

    async with kept(room) as address:              # the test
        report = await watch(evening, address)
    print(room.said)

    async with reached(address) as outside:        # the driver, in the learner's process
        face = await outside.ask("throw")          # calls room.throw()
        outside.tell("turn", "ada 1")              # calls room.turn("ada 1"), and waits for nothing

A message is one line of plain data (see `wire`): [number, method, arguments]; the answer is
[number, whether it worked, what came of it]. The number of a message without an answer is 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable
from typing import Any

from autograder import wire

MOST = 10_000  # messages in one test; a test of the course has 60 at most
LONGEST = 1 << 16  # bytes of a message
_AT_ONCE = 50  # connections; a test of the course has 3 at most
_REST = 1.0  # s to wait for a driver that has not hung up, though its call has ended


@contextlib.asynccontextmanager
async def kept(thing: object) -> AsyncIterator[str]:
    """Let drivers call the public methods of `thing`; yield the address for `reached`."""
    desk = _Desk(thing)
    server = await asyncio.start_server(desk.serve, "127.0.0.1", 0, limit=LONGEST)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"{host}:{port}"
    finally:
        server.close()
        await desk.close()


@contextlib.asynccontextmanager
async def reached(address: str) -> AsyncIterator[Outside]:
    """Connect a driver with the test that keeps an object at this address.

    The block ends when the test has heard all that was told in it, however late the test's process
    gets a CPU.
    """
    host, _, port = address.partition(":")
    loop = asyncio.get_running_loop()
    transport, outside = await loop.create_connection(Outside, host, int(port))
    try:
        yield outside
    finally:
        if not transport.is_closing():
            transport.write_eof()  # the test reads to this end, and then hangs up
        await outside.gone


class Outside(asyncio.Protocol):
    """The test's object, as a driver reaches it. It has no task: an answer may count the tasks."""

    def __init__(self) -> None:
        self.gone = asyncio.get_running_loop().create_future()
        self._transport: asyncio.WriteTransport | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._rest = b""

    async def ask(self, method: str, *arguments: Any) -> Any:
        """Call a method of the object, and return what it returned; RuntimeError if it failed."""
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._send(number, method, arguments)
            return await answer
        finally:
            del self._waiting[number]

    def tell(self, method: str, *arguments: Any) -> None:
        """Call a method of the object, and do not wait for it: plain functions may do this."""
        self._send(0, method, arguments)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            number, worked, said = wire.unpack(line)
            answer = self._waiting.get(number)
            if answer is None or answer.done():
                continue
            if worked:
                answer.set_result(said)
            else:
                answer.set_exception(RuntimeError(said))

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio."""
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the test has ended"))
        self.gone.set_result(None)

    def _send(self, number: int, method: str, arguments: tuple[Any, ...]) -> None:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("the test has ended")
        message = [number, method, list(arguments)]
        self._transport.write(wire.pack(message, f"an argument of `{method}`", LONGEST) + b"\n")


class _Desk:
    """Where a test's object is called. Nothing that arrives can make the test fail by itself."""

    def __init__(self, thing: object) -> None:
        public = (name for name in dir(type(thing)) if not name.startswith("_"))
        self._methods = {name: getattr(thing, name) for name in public}
        self._left = MOST
        self._serving: set[asyncio.Task[Any]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one driver until it hangs up, or sends what is no message."""
        answering: set[asyncio.Task[Any]] = set()
        _keep(self._serving, asyncio.current_task())
        with contextlib.suppress(ValueError, OSError), contextlib.closing(writer):
            while len(self._serving) <= _AT_ONCE and (line := await reader.readline()):
                self._left -= 1
                match wire.unpack(line):
                    case [int(number), str(method), list(arguments)] if self._left >= 0:
                        answer = self._answer(writer, number, method, arguments)
                    case _:
                        break
                _keep(answering, asyncio.create_task(answer))
                await asyncio.sleep(0)  # it begins now: what was told first happens first
        for task in answering:
            task.cancel()

    async def close(self) -> None:
        """Hang up on the drivers that are still there."""
        if self._serving:
            _, late = await asyncio.wait(self._serving, timeout=_REST)
            for task in late:
                task.cancel()

    async def _answer(
        self, writer: asyncio.StreamWriter, number: int, method: str, arguments: list[Any]
    ) -> None:
        try:
            said = self._methods[method](*arguments)
            if isinstance(said, Awaitable):
                said = await said
            answer = wire.pack([number, True, said])
        except Exception as error:  # a driver's object was used in a way that it does not have
            answer = wire.pack([number, False, f"{method}: {error!r}"[:1000]])
        if number:
            writer.write(answer + b"\n")


def _keep(tasks: set[asyncio.Task[Any]], task: asyncio.Task[Any] | None) -> None:
    """Keep a task in a set until it is done."""
    if task is not None:
        tasks.add(task)
        task.add_done_callback(tasks.discard)
