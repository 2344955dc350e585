"""What a bot is doing: its own calls on the stack, and the command, listener or task they are in.

The libraries' own frames tell it: a command's `invoke` has the command as `self`. Names alone are
compared, because the five libraries use the same ones, and no library needs to be imported.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import Any

from autograder.monitor.frames import Line, function_name, is_learners, line_at

MOST_CALLS = 12


def own_calls(frames: Sequence[FrameType]) -> list[Line]:
    """Return the lines of the bot's own code, the outermost call first; `frames` innermost first.

    Of a deep recursion, the innermost calls are kept.
    """
    own = [line_at(frame) for frame in frames if is_learners(frame)]
    return own[:MOST_CALLS][::-1]


def doing(frames: Sequence[FrameType]) -> str:
    """Return what people call the code on this stack, such as "command !roll"; "" if unknown."""
    for frame in frames:
        tell = _TELLERS.get(frame.f_code.co_name)
        if tell is None or is_learners(frame):
            continue
        try:
            told = tell(frame.f_locals)
        except Exception:  # a library's object may lack what we ask for, or compute it
            told = ""
        if told:
            return told
    own = [frame for frame in frames if is_learners(frame)]
    if not own:
        return ""
    first = own[-1]
    kind = "task" if first.f_code.co_flags & inspect.CO_COROUTINE else "callback"
    return f"{kind} {function_name(first.f_code)}"


def _command(local: Mapping[str, Any]) -> str:
    command = local["self"]
    name = getattr(command, "qualified_name", None)
    if name is None:  # the bot's own `invoke`, which calls the command's
        return ""
    context = local.get("ctx")
    if getattr(context, "interaction", None) is not None:  # also of a hybrid command
        return f"command /{name}"
    prefix = getattr(context, "prefix", None)
    return f"command {prefix}{name}" if isinstance(prefix, str) else f"command /{name}"


def _slash(local: Mapping[str, Any]) -> str:
    command = local["self"]
    return f"command /{getattr(command, 'qualified_name', None) or command.name}"


def _item(local: Mapping[str, Any]) -> str:
    item = local.get("item", local["self"])
    names = (getattr(item, key, None) for key in ("label", "title", "placeholder", "custom_id"))
    name = next(filter(None, names), "")
    classes = [kind.__name__ for kind in type(item).__mro__]
    kind = next((kind for kind in _ITEMS if kind in classes), classes[0])
    return f"{_ITEMS.get(kind, kind.lower())} {name}".rstrip()


# The libraries' classes of what people use; an author's own classes are made of them.
_ITEMS = {"Button": "button", "Modal": "modal", "BaseSelect": "menu", "Select": "menu"}

_TELLERS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "invoke": _command,
    "_invoke_with_namespace": _slash,  # discord.py
    "invoke_callback_with_hooks": _slash,  # nextcord
    "_loop": lambda local: f"task loop {local['self'].coro.__qualname__}",
    "_scheduled_task": _item,  # buttons, selects, modals
    "_run_event": lambda local: f"listener {local['event_name']}",
    "_invoke_callback": lambda local: f"listener {local['callback'].__name__}",  # hikari
}
