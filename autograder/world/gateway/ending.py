"""How a connection ends, and the payloads that are no events."""

from __future__ import annotations

from typing import Any

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
