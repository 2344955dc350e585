"""Onlookers: clients that only receive the events of all gateways, such as the live log.

An onlooker joins the shared supervisor with `"onlooker": true` beside the token, and from then on
sends nothing. The supervisor does not wait for onlookers, and it ends even while some are
connected. It sends them these lines:

| line | meaning |
|---|---|
| `{"gateway": k, "by": notebook, "heartbeat": s, "dead_after": s}` | a notebook started gateway k |
| `{"gateway": k, "event": {...}}` | an event of gateway k; at first, the last ones of the past |
| `{"gateway": k, "ended": true}` | gateway k has been stopped |
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from typing import Any, Protocol

from autograder.outcomes import UserMistake
from autograder.world import rendezvous

# Past events of all gateways that a new onlooker receives: the last twenty seconds of five bots.
BEFORE = 500
LONGEST_LINE = 1 << 24
PAUSE = 0.25  # seconds between two attempts to join a supervisor; an attempt costs 1 ms

Message = dict[str, Any]
Tell = Callable[[Message], None]


class ObservedGateway(Protocol):
    """The part of a gateway that onlookers need."""

    heartbeat: float
    dead_after: float

    def log(self) -> list[Message]: ...
    def follow(self, follower: Tell) -> Callable[[], None]: ...


class Onlookers:
    """In the supervisor: the onlookers that are connected, and the gateways they follow."""

    def __init__(self) -> None:
        self._here: dict[asyncio.Task[Any], tuple[asyncio.StreamReader, Tell]] = {}
        self._gateways: dict[int, tuple[ObservedGateway, str]] = {}

    def show(self, key: int, gateway: ObservedGateway, by: str) -> None:
        """Send the events of a gateway to all onlookers from now on, and first the past ones."""
        self._gateways[key] = gateway, by
        self._tell_all(self._introduction(key))
        for event in gateway.log():
            self._tell_all({"gateway": key, "event": event})
        gateway.follow(lambda event: self._tell_all({"gateway": key, "event": event}))

    def end(self, key: int) -> None:
        if self._gateways.pop(key, None) is not None:
            self._tell_all({"gateway": key, "ended": True})

    async def admit(self, reader: asyncio.StreamReader, tell: Tell) -> None:
        """Send everything to one onlooker until its connection closes."""
        for key in self._gateways:
            tell(self._introduction(key))
        past = [(key, event) for key, (it, _) in self._gateways.items() for event in it.log()]
        past.sort(key=lambda item: float(item[1]["at"]))
        for key, event in past[-BEFORE:]:
            tell({"gateway": key, "event": event})
        task = asyncio.current_task()
        assert task is not None
        self._here[task] = reader, tell
        try:
            while await reader.read(1024):
                pass  # an onlooker asks for nothing
        except ConnectionError:
            pass
        finally:
            del self._here[task]

    async def dismiss(self) -> None:
        """End the tasks that run `admit`, because the supervisor ends."""
        tasks = list(self._here)
        for reader, _ in self._here.values():
            reader.feed_eof()
        await asyncio.gather(*tasks)

    def _introduction(self, key: int) -> Message:
        gateway, by = self._gateways[key]
        facts = {"heartbeat": gateway.heartbeat, "dead_after": gateway.dead_after}
        return {"gateway": key, "by": by, **facts}

    def _tell_all(self, message: Message) -> None:
        for _, tell in self._here.values():
            tell(message)


async def look_on() -> AsyncGenerator[Message]:
    """Yield what this user's shared supervisor sends, forever, also from later supervisors.

    `{"world": false}` means that there is no supervisor, `{"world": true}` that there is one again.
    """
    there = True
    while True:
        connection = await _join()
        if connection is None:
            if there:
                yield {"world": False}
            there = False
            await asyncio.sleep(PAUSE)
            continue
        there = True
        reader, writer = connection
        yield {"world": True}
        try:
            while line := await reader.readline():
                yield json.loads(line)
        except (OSError, ValueError):
            pass  # the supervisor was killed in the middle of a line
        finally:
            writer.close()


async def _join() -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """Return a connection to a supervisor that accepted our token; None when there is none."""
    try:
        address = rendezvous.published(rendezvous.place())
        if address is None:
            return None
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", address["port"], limit=LONGEST_LINE
        )
        writer.write(json.dumps({"token": address["token"], "onlooker": True}).encode() + b"\n")
        if b"ok" in await reader.readline():
            return reader, writer
        writer.close()
    except (OSError, ValueError, UserMistake):  # UserMistake: there is no temporary directory
        pass
    return None
