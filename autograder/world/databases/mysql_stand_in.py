"""A stand-in for MySQL: its protocol over SQLite, where there is no MariaDB.

`python -m autograder.world.databases.mysql_stand_in PLACE DIRECTORY` serves one database on a
port or a socket's path, to one user, whose name and password are in USER and PASSWORD. It knows
SLEEP, transactions and ordinary SQL, translated by sqlglot. It does not know SHOW, EXPLAIN,
GET_LOCK, the types of prepared statements, MySQL's error numbers, or how many rows a statement
changed.
"""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
import sys
from pathlib import Path
from typing import Any

import sqlglot
from mysql_mimic import IdentityProvider, MysqlServer, NativePasswordAuthPlugin, User
from mysql_mimic.errors import MysqlError
from mysql_mimic.session import BaseSession
from mysql_mimic.variables import GlobalVariables, SessionVariables

Answer = tuple[list[tuple[Any, ...]], list[str]]

_SLEEP = re.compile(r"\s*SELECT\s+(SLEEP\(\s*([\d.]+)\s*\))(?:\s+AS\s+(\w+))?\s*;?\s*$", re.I)
_AUTOCOMMIT = re.compile(r"\s*SET\s+AUTOCOMMIT\s*=\s*(\d)", re.I)
_SETTING = re.compile(r"\s*(SET|USE|FLUSH)\b", re.I)
_ENDING = re.compile(r"\s*(COMMIT|ROLLBACK)\b", re.I)
_CHANGE = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.I)


class StandInSession(BaseSession):  # type: ignore[misc]  # mysql-mimic has no types
    """One client's connection, which has its own SQLite connection to the file."""

    def __init__(self, file: Path) -> None:
        self.variables = SessionVariables(GlobalVariables())
        self.database: Any = None  # mysql-mimic sets these two
        self.username: Any = None
        self._file = file
        self._autocommit = False  # mysql-mimic's greeting says so to the client
        self._sqlite: sqlite3.Connection | None = None

    async def init(self, connection: Any) -> None:
        self._sqlite = await asyncio.to_thread(
            sqlite3.connect, self._file, timeout=5, isolation_level=None, check_same_thread=False
        )

    async def handle_query(self, sql: str, attrs: dict[str, str]) -> Answer:
        if sleep := _SLEEP.match(sql):
            await asyncio.sleep(float(sleep[2]))
            return [(0,)], [sleep[3] or sleep[1]]
        if autocommit := _AUTOCOMMIT.match(sql):
            self._autocommit = autocommit[1] == "1"
        if _SETTING.match(sql):
            return [], []
        try:
            return await asyncio.to_thread(self._execute, sql)
        except (sqlite3.Error, sqlglot.errors.SqlglotError) as error:
            raise MysqlError(str(error)) from None

    def _execute(self, sql: str) -> Answer:
        assert self._sqlite is not None
        if _ENDING.match(sql):
            if self._sqlite.in_transaction:
                self._sqlite.execute(sql)
            return [], []
        if _CHANGE.match(sql) and not self._autocommit and not self._sqlite.in_transaction:
            self._sqlite.execute("BEGIN")
        cursor = self._sqlite.execute(sqlglot.transpile(sql, read="mysql", write="sqlite")[0])
        columns = [column[0] for column in cursor.description or ()]
        return cursor.fetchall(), columns

    async def close(self) -> None:
        if self._sqlite is not None:
            self._sqlite.close()

    async def reset(self) -> None:
        """Do nothing: a session keeps nothing that a reset has to forget."""

    async def use(self, database: str) -> None:
        """Do nothing: there is one database."""


class OneUser(IdentityProvider):  # type: ignore[misc]
    """Accepts one name with its password."""

    def __init__(self, name: str, password: str) -> None:
        plugin = NativePasswordAuthPlugin
        self._user = User(name, plugin.create_auth_string(password), plugin.name)

    async def get_user(self, username: str) -> User | None:
        return self._user if username == self._user.name else None


async def serve(place: str, directory: Path) -> None:
    """Serve the database of a directory until the process is killed."""
    server = MysqlServer(
        session_factory=lambda: StandInSession(directory / "database.sqlite"),
        identity_provider=OneUser(os.environ["USER"], os.environ["PASSWORD"]),
    )
    if place.isdecimal():
        await server.start_server(host="127.0.0.1", port=int(place))
    else:
        await server.start_unix_server(path=place)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2])))
