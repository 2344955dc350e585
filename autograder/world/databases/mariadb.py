"""The world's `mysql`: MariaDB, installed or unpacked from Debian's package, else a stand-in.

The first that runs is taken: `mariadbd` or `mysqld` on the PATH or in /usr/sbin (which is not on a
user's PATH); the package of Debian or Ubuntu, fetched once and unpacked without root; mysql-mimic,
which speaks the protocol but is not MySQL. `kind` says which one it is, and a lab must not claim
more.
"""

from __future__ import annotations

import asyncio
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake
from autograder.paths import ROOT
from autograder.world.databases import debian_package
from autograder.world.databases.database import DATABASE, LEARNER, Database
from autograder.world.databases.keeper import SystemAccount, can_run
from autograder.world.databases.proxy import LARGEST, LONGEST_TEXT, NotSpoken

PACKAGE = "mariadb-server-core"
STAND_IN = "stand-in"

# A small server (50 MB instead of 80): no performance schema, the smallest sizes InnoDB accepts.
_SETTINGS = (
    "--skip-log-bin", "--skip-name-resolve", "--performance-schema=off", "--max-connections=100",
    "--innodb-buffer-pool-size=8M", "--innodb-log-file-size=4M", "--innodb-flush-method=nosync",
    "--innodb-flush-log-at-trx-commit=2", "--innodb-data-file-path=ibdata1:1M:autoextend",
    "--innodb-temp-data-file-path=ibtmp1:1M:autoextend", "--innodb-autoextend-increment=1",
    "--innodb-use-native-aio=0", "--aria-pagecache-buffer-size=128K", "--key-buffer-size=64K",
    "--table-open-cache=100", "--character-set-server=utf8mb4",
)  # fmt: skip


@dataclass(frozen=True)
class Program:
    """A server's executable, its kind, its directory tree, and the variables it needs to run."""

    path: Path
    kind: str  # "MariaDB 10.11.19", "MySQL 8.0.39"
    usr: Path = Path("/usr")
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def tables(self) -> list[Path]:
        """The SQL files that make the system tables; MariaDB 11 renamed them from mysql to mariadb.

        Raises UserMistake when they are missing.
        """
        for folder in ("mysql", "mariadb"):
            for start in ("mysql", "mariadb"):
                names = (f"{start}_system_tables.sql", f"{start}_system_tables_data.sql")
                found = [self.usr / "share" / folder / name for name in names]
                if all(path.exists() for path in found):
                    return found
        raise UserMistake(f"{self.path} has no folder share/mariadb: reinstall {PACKAGE}")


class MySQL(Database):
    """MariaDB or its stand-in; address: url, host, port, user, password, database, kind."""

    def __init__(self) -> None:
        # SIGKILL: MariaDB needs a second to stop in good order, and no data needs to be kept.
        super().__init__("MariaDB", _MysqlWire, "SIGKILL")
        self._program: Program | None = None

    async def install(self) -> None:
        self._program = await asyncio.to_thread(obtain)
        if self._program is None:
            self.keeper.account = SystemAccount()  # Python may run as root
            return
        data = self.keeper.directory / "data"
        tables = data / "mysql"
        tables.mkdir(parents=True)
        user = self.keeper.account.user
        for made in (data, tables):
            if user is not None:
                os.chown(made, user, user)
        sql = await asyncio.to_thread(self._first_words, self._program.tables)
        await self.keeper.run(
            [*self._command(self._program), "--bootstrap"], sql, **self._program.environment
        )

    async def launch(self, place: Path | int) -> None:
        if self._program is None:
            stand_in = "autograder.world.databases.mysql_stand_in"
            await self.keeper.start(
                [sys.executable, "-P", "-m", stand_in, str(place), self.keeper.directory],
                PYTHONPATH=str(ROOT),
                USER=LEARNER,
                PASSWORD=self.password,
            )
            return
        listen = ["--bind-address=127.0.0.1", f"--port={place}"]
        if isinstance(place, Path):
            listen = ["--skip-networking", f"--socket={place}"]
        await self.keeper.start(
            [*self._command(self._program), *listen], **self._program.environment
        )

    async def greet(self) -> None:
        # The server sends first: a handshake of version 10, or an error while it is not ready.
        place = self.relay.target
        if isinstance(place, Path):
            reader, writer = await asyncio.open_unix_connection(place)
        else:
            reader, writer = await asyncio.open_connection("127.0.0.1", place)
        try:
            packet = await reader.readexactly(5)
            if packet[4] != 10:
                raise ConnectionError("not a handshake")
        finally:
            writer.transport.abort()

    def address(self) -> dict[str, Any]:
        host, port = "127.0.0.1", self.relay.port
        return {
            "url": f"mysql://{LEARNER}:{self.password}@{host}:{port}/{DATABASE}",
            "host": host,
            "port": port,
            "user": LEARNER,
            "password": self.password,
            "database": DATABASE,
            "kind": self._program.kind if self._program is not None else stand_in_kind(),
        }

    def _command(self, program: Program) -> list[str | Path]:
        return [
            program.path,
            "--no-defaults",
            f"--basedir={program.usr}",
            f"--datadir={self.keeper.directory / 'data'}",
            f"--lc-messages-dir={program.tables[0].parent}",
            "--pid-file=pid",
            *_SETTINGS,
        ]

    def _first_words(self, tables: list[Path]) -> bytes:
        """Return the SQL that makes the system tables, one database, and its user."""
        parts = ["USE mysql;", *(path.read_text() for path in tables)]
        parts += [
            "DELETE FROM mysql.global_priv;",  # root and the anonymous user have no password
            "FLUSH PRIVILEGES;",
            f"CREATE DATABASE {DATABASE};",
        ]
        for host in ("localhost", "127.0.0.1"):  # over the socket, and over a port
            parts.append(f"CREATE USER {LEARNER}@'{host}' IDENTIFIED BY '{self.password}';")
            parts.append(f"GRANT ALL ON {DATABASE}.* TO {LEARNER}@'{host}';")
        return "\n".join(parts).encode() + b"\n"


def installed() -> Program | None:
    """Return the MariaDB of this machine, or of the cache; None when there is none."""
    search = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    for name in ("mariadbd", "mysqld"):
        found = shutil.which(name, path=search)
        program = found and _program(Path(found).resolve(), {})
        if program:
            return program
    root = debian_package.unpacked(PACKAGE)
    return _unpacked(root) if root is not None else None


def obtain() -> Program | None:
    """Return MariaDB, fetched if it is not here; None when only the stand-in is. Blocks.

    Raises UserMistake when the stand-in is not installed either.
    """
    program, why = installed(), "it does not run here"
    if program is None:
        try:
            program = _unpacked(debian_package.unpack(PACKAGE))
        except UserMistake as mistake:
            why = str(mistake)
    if program is None and not stand_in_kind():
        raise UserMistake(
            f"There is no MariaDB here ({why}) and no stand-in: install {PACKAGE}, "
            "or `pip install mysql-mimic`"
        )
    return program


def stand_in_kind() -> str:
    """Return the name of the stand-in; empty when it is not installed."""
    try:
        return f"{STAND_IN} (mysql-mimic {importlib.metadata.version('mysql-mimic')} on SQLite)"
    except importlib.metadata.PackageNotFoundError:
        return ""


def _unpacked(root: Path) -> Program | None:
    return _program(root / "usr/sbin/mariadbd", debian_package.environment(root), root / "usr")


def _program(path: Path, environment: dict[str, str], usr: Path | None = None) -> Program | None:
    """Return the program if it runs and is MariaDB; MySQL 8 has another setup and is refused."""
    if not can_run(path, "--version", environment=environment):
        return None
    said = subprocess.run(
        [path, "--version"], env={**os.environ, **environment}, capture_output=True, check=False
    ).stdout.decode(errors="replace")
    found = re.search(r"Ver (\d+\.\d+\.\d+)-MariaDB", said)
    if not found:
        return None
    return Program(path, f"MariaDB {found[1]}", usr or path.parents[1], environment)


_QUERY, _PREPARE, _EXECUTE = b"\x03", b"\x16", b"\x17"


class _MysqlWire:
    """MySQL's protocol, not compressed: https://mariadb.com/kb/en/clientserver-protocol/."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._prepared = ""  # the last prepared statement, which is enough for the log

    def client(self, data: bytes) -> Iterator[str]:
        self._buffer += data
        while len(self._buffer) >= 4:
            end = 4 + int.from_bytes(self._buffer[:3], "little")
            if end > LARGEST:
                raise NotSpoken(f"a packet of {end} bytes")
            if len(self._buffer) < end:
                return
            number, body = self._buffer[3], bytes(self._buffer[4:end])
            del self._buffer[:end]
            # A command is packet number 0 of its exchange; a packet of the login is not.
            if number == 0 and body[:1] == _QUERY:
                yield body[1:].decode(errors="replace")
            elif number == 0 and body[:1] == _PREPARE:
                self._prepared = body[1:].decode(errors="replace")[:LONGEST_TEXT]
            elif number == 0 and body[:1] == _EXECUTE:
                yield self._prepared

    def server(self, data: bytes) -> bool:
        return True  # the answer has begun, so the statement counts as answered
