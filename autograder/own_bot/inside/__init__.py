"""In a bot's process: what is done before its first line, with the standard library alone.

guard.py       Discord's names lead nowhere, and a real token is replaced
libraries.py   after a library's import: its address, its token, the loops that it brings
loops.py       watches each loop from its first run until it is closed
doing.py       the bot's own calls on the stack, and the command, listener or task they are in
sending.py     sends what was seen to the process that runs the bot
"""

from __future__ import annotations

import os
from typing import Any


def start(settings: dict[str, Any]) -> None:
    """Guard this process, and have its libraries and loops prepared when they are imported."""
    from autograder.own_bot.inside import libraries
    from autograder.own_bot.inside.guard import Guard
    from autograder.own_bot.inside.sending import Sender

    sender = Sender(settings["port"], settings["secret"])
    libraries.prepare(settings, Guard(sender), sender)
    sender.send({"event": "hello", "pid": os.getpid()})
