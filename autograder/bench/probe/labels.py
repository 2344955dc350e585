"""Label a small coroutine function as blocking or not, and collect the labelled corpus.

    @blocks(0.12, kind="sleep", exact=True)
    async def time_sleep() -> None:
        time.sleep(0.12)  # <- blocks

    @free("time_sleep")
    async def asyncio_sleep() -> None:
        await asyncio.sleep(0.12)

A snippet that blocks does so for at least 0.12 s, or for CPU work sized at run time; one that is
free stays under 0.025 s. So a verdict at the limit of 0.05 s has a factor of two on each side,
which identical CPU work needs (it cost 87-154 ms between runs on one machine). A free snippet names
the blocking one that it is the close twin of.

Truth: with `exact` the label's seconds; or a float that the snippet returns, which it measured
itself around the blocking statement (time.thread_time() for CPU); otherwise the block is only about
that long and counts for the verdict, not for the error.
"""

from __future__ import annotations

import importlib.util
import inspect
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from autograder.paths import ROOT

LIMIT = 0.05
MARK = "# <- blocks"
CORPUS = ROOT / "tests" / "corpus"

Function = Callable[..., Awaitable[Any]]
Kind = Literal["sleep", "cpu", "gil", "garbage"]
Loop = Literal["asyncio", "uvloop"]


@dataclass(frozen=True)
class Snippet:
    """One labelled coroutine function; `lines` are those marked as the ones to be named.

    One that is `alone` runs in a process without the workloads of the others: to fork a process of
    1 GB, as the bench's is, took 51 ms; one of 0.1 GB, as a bot's is, takes a tenth.
    """

    name: str
    group: str
    function: Function
    blocking: bool
    kind: str
    seconds: float | None
    exact: bool
    twin: str
    given: Callable[[], tuple[Any, ...]]
    main_thread: bool
    file: str
    lines: frozenset[int]
    loop: Loop = "asyncio"
    alone: bool = False

    def truth(self, returned: object) -> float | None:
        """Seconds of the true block, or None where nobody knows it exactly."""
        if not self.blocking:
            return None
        if isinstance(returned, float):
            return returned
        return self.seconds if self.exact else None

    def names(self, file: str | None, line: int | None) -> bool:
        """Whether this file and line are what a person would point at."""
        return line in self.lines and file is not None and Path(file).name == Path(self.file).name


def nothing() -> tuple[Any, ...]:
    """The arguments of most snippets."""
    return ()


def blocks(
    seconds: float | None = None,
    *,
    kind: Kind,
    exact: bool = False,
    given: Callable[[], tuple[Any, ...]] = nothing,
    main_thread: bool = False,
    loop: Loop = "asyncio",
) -> Callable[[Function], Function]:
    """Label as blocking for about `seconds`; `given` makes the arguments before the watch."""
    return _label(True, kind, seconds, exact, "", given, main_thread, loop)


def free(
    twin: str,
    *,
    given: Callable[[], tuple[Any, ...]] = nothing,
    main_thread: bool = False,
    loop: Loop = "asyncio",
    alone: bool = False,
) -> Callable[[Function], Function]:
    """Label as harmless: the close twin of the blocking snippet called `twin`."""
    return _label(False, "", None, False, twin, given, main_thread, loop, alone)


def load(*groups: str) -> dict[str, Snippet]:
    """Return the snippets of these files of tests/corpus (all when none is named), by name.

    Raises ValueError for two snippets of one name, or a blocking one without a marked line.
    """
    found: dict[str, Snippet] = {}
    for path in sorted(CORPUS.glob("*.py")):
        if groups and path.stem not in groups:
            continue
        for snippet in _module(path).__dict__.values():
            label = getattr(snippet, "__corpus_label__", None)
            if label is None:
                continue
            if label.name in found:
                raise ValueError(f"two snippets are called {label.name}")
            if label.blocking and not label.lines:
                raise ValueError(f"{label.name} blocks, and no line of it says so ({MARK!r})")
            found[label.name] = label
    return found


def part(group: str) -> Any:
    """Return the module of tests/corpus/<group>.py, for another one that uses its workloads."""
    return _module(CORPUS / f"{group}.py")


def _label(  # noqa: PLR0917
    blocking: bool,
    kind: str,
    seconds: float | None,
    exact: bool,
    twin: str,
    given: Callable[[], tuple[Any, ...]],
    main_thread: bool,
    loop: Loop,
    alone: bool = False,
) -> Callable[[Function], Function]:
    def label(function: Function) -> Function:
        text, first = inspect.getsourcelines(function)
        marked = frozenset(first + n for n, line in enumerate(text) if MARK in line)
        file = inspect.getsourcefile(function) or ""
        snippet = Snippet(
            name=function.__name__,
            group=Path(file).stem,
            function=function,
            blocking=blocking,
            kind=kind,
            seconds=seconds,
            exact=exact,
            twin=twin,
            given=given,
            main_thread=main_thread,
            file=file,
            lines=marked,
            loop=loop,
            alone=alone,
        )
        function.__corpus_label__ = snippet  # type: ignore[attr-defined]
        return function

    return label


def _module(path: Path) -> Any:
    name = f"corpus_{path.stem}"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
