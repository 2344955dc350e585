"""How a connection ends, and what the rest of the gateway may ask of an open one."""

from __future__ import annotations

from typing import Protocol

from autograder.world.gateway.payloads import Json


class Close(Exception):
    """The gateway ends the connection with this code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


class HeartStopped(Close):
    """The connection dies of silence. Our choice is 4009: Discord's pages name no code for it."""

    def __init__(self) -> None:
        super().__init__(4009, "Session timed out.")


class Cut(Exception):
    """The gateway tears the TCP connection down without a close frame."""


class OpenConnection(Protocol):
    """What the rest of the gateway may ask of a connection."""

    @property
    def number(self) -> int:
        """The number of its bot in the journal; 0 before it has identified itself."""

    def send(self, payload: Json) -> None:
        """Queue a payload; the order of calls is the order on the wire."""

    def hint(self, sentence: str) -> None:
        """Log once a connection what its author probably overlooked."""

    def end(self, how: Close | Cut) -> None:
        """Ask for the end of this connection."""
