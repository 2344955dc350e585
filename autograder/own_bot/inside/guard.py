"""Discord stays out of reach of a bot that is tried, and a real token stays in its file.

Discord's names resolve to nothing in this process. Python itself reports each look-up of a name to
an audit hook, which cannot be removed. Requests of aiohttp, and look-ups of uvloop, are reported by
`libraries`: they may go through a proxy or a resolver of their own. Each attempt is sent to the
process that runs the bot, which then ends the run.
"""

from __future__ import annotations

import base64
import re
import socket
import sys
from typing import Any

from autograder.own_bot.inside.sending import Sender

_TOP = ("com", "gg", "media", "dev", "co", "new", "gift", "gifts", "design", "store", "tools")
_OTHERS = (
    "discordapp.com", "discordapp.net", "discordapp.io", "discordcdn.com", "discordstatus.com",
    "discordactivities.com", "discordsays.com", "discordpartygames.com", "discordmerch.com",
    "dis.gd",
)  # fmt: skip
DISCORDS = frozenset([*_OTHERS, *(f"discord.{top}" for top in _TOP)])
# A bot's token: its id in base64, then two more parts. Public examples have 24 to 26, 6 and 27 to
# 38 characters. The keys of other services have this form, too, but do not begin with an id.
_TOKEN = re.compile(r"([\w-]{20,})\.[\w-]{5,}\.[\w-]{20,}", re.ASCII)
_LOOK_UPS = ("socket.getaddrinfo", "socket.gethostbyname")
_CONNECTS = ("socket.connect", "socket.sendto")


class Guard:
    """Refuses Discord's names in this process from now on."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        sys.addaudithook(self._hear)

    def refuse_discord(self, host: Any) -> None:
        """Raise the error of a name that does not exist, and report it, if a host is Discord's."""
        if is_discords(host):
            self._sender.send({"event": "reached_out", "host": str(host)})
            raise socket.gaierror(
                socket.EAI_NONAME, f"{host} is out of reach in `python3 -m autograder run`"
            )

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event in _LOOK_UPS:
            self.refuse_discord(arguments[0])
        elif event in _CONNECTS and isinstance(arguments[1], tuple) and arguments[1]:
            self.refuse_discord(arguments[1][0])


def is_discords(host: Any) -> bool:
    """Whether a host belongs to Discord."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if not isinstance(host, str):
        return False
    labels = host.lower().rstrip(".").split(".")
    return ".".join(labels[-2:]) in DISCORDS


def without_tokens(text: str, instead: str = "[token]") -> str:
    """Return a text with each Discord token in it replaced."""
    return _TOKEN.sub(lambda found: instead if _is_id(found[1]) else found[0], text)


def _is_id(part: str) -> bool:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).isdigit()
    except ValueError:
        return False
