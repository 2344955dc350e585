"""What the fork server imports, so that its forks do not have to.

All of it takes 1.7 s of CPU, and an answer that needs only asyncio needs 0.4 s of it. So the fork
server imports the libraries below when a notebook names them. What a learner wrote only selects
from this list.
"""

from __future__ import annotations

import contextlib
import importlib
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from autograder.grading.examination.cells import Cell
from autograder.monitor import garbage

PICTURES = "pictures"
_MOST_READ = 1_000_000  # characters of a cell, and of all files together; more names nothing
# Examiner and candidate would each import these, 7 ms of CPU.
_ALWAYS = ("autograder.world", "autograder.testing", "IPython.core.logger", "bdb")
# An import inside a call would count as a block; the libraries below used to bring these along.
_STANDARD = (
    "concurrent.futures.thread", "csv", "difflib", "email.policy", "gzip", "http.cookiejar",
    "importlib.metadata", "importlib.readers", "netrc", "plistlib", "sqlite3", "timeit", "unittest",
    "urllib.request", "uuid", "zipfile", "zoneinfo",
)  # fmt: skip
# The modules of each group, and the words in a notebook that ask for them: of some libraries, also
# the names of those that they import themselves.
_GROUPS: dict[str, tuple[tuple[str, ...], str]] = {
    PICTURES: (
        (),
        "matplotlib pyplot mpl_toolkits numpy PIL dateutil cycler pyparsing packaging",
    ),
    "world": (
        ("autograder.world.gateway.server", "autograder.world.servers.http",
         "autograder.world.supervisor"),
        "world",
    ),
    "aiohttp": (("aiohttp",), "aiohttp aiodns yarl multidict attr propcache pycares"),
    # A client loads the others when it is first used, which blocks for 40 ms.
    "httpx": (
        ("httpx", "httpcore", "certifi", "h11", "anyio._backends._asyncio"),
        "httpx httpcore anyio h11 certifi idna click rich",
    ),
    "requests": (("requests",), "requests urllib3 charset_normalizer"),
    "discord": (("discord", "discord.ext.commands"), "discord"),
    "aiosqlite": (("aiosqlite",), "aiosqlite"),
    "asyncpg": (("asyncpg",), "asyncpg"),
    "aiomysql": (("aiomysql",), "aiomysql pymysql"),
    "uvloop": (("uvloop",), "uvloop"),
    "psycopg": (("psycopg", "psycopg2"), "psycopg psycopg2"),
    "dns": (("dns.resolver",), "dns"),
}  # fmt: skip
_ORDER = tuple(_GROUPS)


def needed(cells: Sequence[Cell], modules: Path) -> set[str]:
    """Return the groups that these cells, or the Python files in that folder, name."""
    words = {match[0] for text in _texts(cells, modules) for match in re.finditer(r"\w+", text)}
    found = {group for group, (_, asking) in _GROUPS.items() if words & set(asking.split())}
    if any("watch(" in cell.source for cell in cells if cell.role == "learner"):
        found.add(PICTURES)  # a candidate that imports matplotlib finds none of its fonts listed
    return found


def _texts(cells: Sequence[Cell], modules: Path) -> Iterator[str]:
    left = _MOST_READ
    for cell in cells:
        yield cell.source[:_MOST_READ]
    for path in filter(Path.is_file, modules.rglob("*.py")):
        with open(path, encoding="utf-8", errors="replace") as file:
            yield (text := file.read(left))
        left -= len(text)


def as_number(groups: Iterable[str]) -> int:
    """Return the groups as a number, with one bit for each: a request has room for that."""
    return sum(1 << _ORDER.index(group) for group in groups)


def load(number: int) -> None:
    """Import the groups in that number."""
    from autograder.grading.examination import shell

    for place, group in enumerate(_ORDER):
        if number >> place & 1:
            if group == PICTURES:
                shell.draw()
            _import(_GROUPS[group][0])
    _settle()


def load_always() -> None:
    """Import and use once what every fork needs."""
    from autograder.grading.examination import shell

    shell.make()
    _import((*_ALWAYS, *_STANDARD))
    _settle()


def _import(names: Sequence[str]) -> None:
    for name in names:
        # Some libraries fail in their own way, as aiomysql for a user without a name. The cell that
        # imports one shows it.
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def _settle() -> None:
    garbage.tidy()  # a collection in a fork would copy every page that it marks
    if threading.active_count() > 1:
        raise RuntimeError(f"a warm import started a thread: {threading.enumerate()}")
