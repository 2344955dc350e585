"""How a connection ends, and what the rest of the gateway may do with an open one."""

from __future__ import annotations

from typing import Any, Protocol

from autograder.world.gateway.payloads import Json

HEARTBEAT, RECONNECT, INVALID_SESSION = 1, 7, 9  # opcodes that a test may have sent


def control(op: int, data: Any = None) -> Json:
    """Return a payload that is not an event; nextcord needs the two nulls."""
    return {"op": op, "d": data, "s": None, "t": None}


class Close(Exception):
    """The gateway ends the connection with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class HeartStopped(Close):
    """Heartbeats are missing. We chose the code 4009: Discord's pages name none for this case."""

    def __init__(self) -> None:
        super().__init__(4009, "Session timed out.")


class Cut(Exception):
    """The gateway ends the TCP connection without a close frame."""


class OpenConnection(Protocol):
    """What the rest of the gateway may do with a connection."""

    @property
    def number(self) -> int:
        """The number of the bot in the journal; 0 before the bot has identified itself."""

    def send(self, payload: Json) -> None:
        """Queue a payload; the order of calls is the order on the wire."""

    def hint(self, sentence: str) -> None:
        """Log what the bot's author probably overlooked, once for each connection."""

    def end(self, how: Close | Cut) -> None:
        """Ask for the end of this connection."""
