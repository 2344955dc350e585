"""Where the lines come from that are not in a script: a terminal with completion, or a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncGenerator, Callable

from autograder.own_bot.lines import ACTS, FAULTS, TROUBLES
from autograder.world.console import read_input

WORDS = (
    *("ada: ", "bo: ", "cy: ", "dm ada: ", "wait 1", 'expect "', "help", "quit", "suggest /"),
    *(*ACTS.values(), *TROUBLES.values(), *FAULTS),
)


async def typed(offers: Callable[[], list[str]]) -> AsyncGenerator[str, None]:
    """Yield the lines that are typed, until the end of the input; Ctrl-C ends it as well.

    A terminal completes them with WORDS and with what `offers` returns at that moment.
    """
    lines = _at_terminal(offers) if sys.stdin.isatty() and sys.stdout.isatty() else _from_pipe()
    async with contextlib.aclosing(lines):
        async for line in lines:
            yield line


async def _at_terminal(offers: Callable[[], list[str]]) -> AsyncGenerator[str, None]:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import WordCompleter
    from prompt_toolkit.patch_stdout import patch_stdout

    def words() -> list[str]:
        return [*WORDS, *offers()]

    session: PromptSession[str] = PromptSession(completer=WordCompleter(words, sentence=True))
    with patch_stdout(raw=True):
        while True:
            try:
                yield await session.prompt_async("> ")
            except (EOFError, KeyboardInterrupt):
                return


async def _from_pipe() -> AsyncGenerator[str, None]:
    lines: asyncio.Queue[str | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def add(line: str | None) -> None:
        with contextlib.suppress(RuntimeError):  # the run is over
            loop.call_soon_threadsafe(lines.put_nowait, line)

    threading.Thread(target=read_input, args=(add,), name="keyboard", daemon=True).start()
    while (line := await lines.get()) is not None:
        yield line
