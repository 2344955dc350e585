"""A server that something else kills, as the kernel does without memory, comes back by itself."""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import asyncpg
import psutil
import pytest
from processes import ends, outliving
from test_databases import Says, each_database, mysql_says, postgres_says, until_it_runs

from autograder import world
from autograder.course.author import parse
from autograder.course.unit import repository, written
from autograder.environment import finding
from autograder.grading.examination import session as examination
from autograder.grading.examination.cells import Cell, CellOutcome
from autograder.world import availability
from autograder.world.client import hire

for offered in (availability.postgres(), availability.mysql()):
    if offered.missing and "speaks its protocol" not in offered.found:
        pytest.skip(finding.reason(offered), allow_module_level=True)
if os.name != "posix":
    pytest.skip("Windows has no signal that kills", allow_module_level=True)

RETURNED = r"had ended \((signal 9|exit code 1)\).* was started again.*run the cell again\."


@pytest.fixture(scope="module")
def servers() -> Iterator[world.Servers]:
    world.private()
    yield asyncio.run(world.start("postgres", "mysql"))
    world.leave()


def databases(name: str) -> list[psutil.Process]:
    """The processes of a database that this one's supervisors have started."""
    program = {"postgres": "postgres", "mysql": "maria"}[name]
    found = []
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            if program in process.name() or program in " ".join(process.cmdline()[:4]):
                found.append(process)
    return found


def first(name: str) -> psutil.Process:
    """The process of a database that all others of it are children of."""
    found = databases(name)
    return next(one for one in found if one.ppid() not in {other.pid for other in found})


def last(name: str) -> psutil.Process:
    """Its youngest process: of PostgreSQL the one of a connection."""
    return max(databases(name), key=lambda process: process.create_time())


def kill(process: psutil.Process) -> None:
    """Kill a process; return when its parent has heard of it, which is when no zombie is left.

    The supervisor waits 0.2 s to hear of a database's end: not enough for a late thread of its own.
    """
    process.kill()
    assert ends(process, within=20)
    deadline = time.monotonic() + 10  # where nobody reaps the processes of a killed parent
    while psutil.pid_exists(process.pid) and time.monotonic() < deadline:
        time.sleep(0.01)


def of_a_supervisor_of_ours(process: psutil.Process) -> bool:
    """Whether a supervisor has started it; a process of a connection may just end."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return psutil.Process(process.ppid()).ppid() == os.getpid()
    return False


SAYS: dict[str, tuple[Says, str]] = {
    "postgres": (postgres_says, "SELECT 1 FROM pg_sleep({})"),
    "mysql": (mysql_says, "SELECT SLEEP({})"),
}


@pytest.mark.parametrize(
    ("name", "chosen"), [("postgres", first), ("postgres", last), ("mysql", first)]
)
@pytest.mark.parametrize("times", [1, pytest.param(20, marks=pytest.mark.soak)])
def test_a_database_that_was_killed_answers_the_next_question(
    servers: world.Servers,
    capsys: pytest.CaptureFixture[str],
    name: str,
    chosen: Callable[[str], psutil.Process],
    times: int,
) -> None:
    says, sleep = SAYS[name]
    database = getattr(servers, name)

    async def check() -> None:
        await says(servers, "CREATE TABLE kept (x int)")
        for number in range(times):
            await says(servers, f"INSERT INTO kept VALUES ({number})")
            under_way = asyncio.ensure_future(says(servers, sleep.format(30)))
            await until_it_runs(database)
            before = databases(name)
            kill(chosen(name))
            with pytest.raises(Exception, match=r"(?i)connection|lost"):
                await under_way
            # When one process is killed, the others need a moment to end.
            assert await asyncio.to_thread(outliving, before, within=10) == []
            assert await says(servers, "SELECT max(x) FROM kept") == number
            assert database.counters()["refused"] == 0
        await says(servers, "DROP TABLE kept")

    asyncio.run(check())
    told = capsys.readouterr().out
    assert told.count("was started again") == times


@each_database
def test_the_next_start_brings_a_killed_database_back_at_its_address(
    servers: world.Servers, capsys: pytest.CaptureFixture[str], name: str, says: Says, sleep: str
) -> None:
    address = getattr(servers, name).facts
    kill(first(name))
    again = asyncio.run(world.start(name))
    assert getattr(again, name).facts == address
    (sentence,) = capsys.readouterr().out.splitlines()
    assert sentence.startswith({"postgres": "PostgreSQL", "mysql": "MariaDB"}[name])
    assert re.search(RETURNED, sentence)
    assert asyncio.run(says(again, "SELECT 7")) == 7
    asyncio.run(world.start(name))
    assert capsys.readouterr().out == ""


def test_what_a_lab_killed_stays_down_until_it_or_the_next_start_revives_it(
    servers: world.Servers, capsys: pytest.CaptureFixture[str]
) -> None:
    async def check() -> None:
        await servers.postgres.reset()
        await servers.postgres.kill()
        for _ in range(2):
            with pytest.raises(Exception, match=r"(?i)connection|lost"):
                await postgres_says(servers, "SELECT 7")
        assert servers.postgres.counters()["refused"] == 2
        await world.start("postgres")
        assert await postgres_says(servers, "SELECT 7") == 7

    asyncio.run(check())
    assert capsys.readouterr().out == ""


@pytest.mark.slow
def test_a_statement_of_the_killed_server_does_not_hold_up_the_next_one(
    servers: world.Servers,
) -> None:
    """It computes, so it does not hear that its server has ended, and holds the shared memory."""

    async def check() -> list[psutil.Process]:
        query = "SELECT count(*) FROM generate_series(1, 100000000) a, generate_series(1, 1000) b"
        under_way = asyncio.ensure_future(postgres_says(servers, query))
        await until_it_runs(servers.postgres)
        old = databases("postgres")
        kill(first("postgres"))
        with pytest.raises(Exception, match=r"(?i)connection|lost"):
            await under_way
        assert await postgres_says(servers, "SELECT 7") == 7
        return old

    assert outliving(asyncio.run(check()), within=20) == []  # that statement would take hours


@pytest.mark.slow
def test_lab_08_says_in_one_sentence_that_its_servers_have_ended(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its helpers connect to PostgreSQL before the learner's code does."""
    own = world._SupervisorSource(hire)
    servers = asyncio.run(own.start(("postgres",)))
    (unit,) = (one for one in written(repository()) if one.number == "08")
    names = {"servers": servers, "asyncio": asyncio, "asyncpg": asyncpg, "random": random}
    for cell in parse.read(unit.lab_text, "lab.py"):
        if cell.role == "setup" and cell.name in ("pool_evening", "stream_weighed"):
            exec(cell.python, names)
    fill_table: Any = names["fill_table"]
    fill_history: Any = names["fill_history"]

    async def check() -> None:
        young = filter(of_a_supervisor_of_ours, databases("postgres"))
        database = max(young, key=lambda process: process.create_time())
        supervisor = database.parent()
        kill(database)
        assert await fill_table({"ada": 7}) == 0
        kill(supervisor)
        for fill in (fill_table({"ada": 7}), fill_history(10)):
            with pytest.raises(world.WorldEnded, match=r"run the cell with `await world\.start"):
                await fill

    asyncio.run(check())
    assert capsys.readouterr().out.count("PostgreSQL had ended (signal 9)") == 1


# -- in an examination -----------------------------------------------------------------------------

SETUP = """
import asyncpg
from autograder import watch, world
from autograder.testing import right

servers = await world.start("postgres")
"""
ANSWER = """
async def seven(dsn):
    db = await asyncpg.connect(dsn)
    return await db.fetchval("SELECT 7 FROM pg_sleep(3)")
"""
TEST = """
report = await watch(seven, servers.postgres.dsn)
report.returned(7)
right(report, 5)
"""
CELLS = [
    Cell(0, "setup", "tools", SETUP),
    Cell(1, "learner", "seven", ANSWER),
    Cell(2, "test", "seven_check", TEST, points=5),
]


def examined(kills: int, chosen: Callable[[psutil.Process], psutil.Process]) -> CellOutcome:
    """Examine a right answer, and kill a process in the middle of this number of its attempts.

    `chosen` says which, for a process of PostgreSQL that runs the answer's statement.
    """
    ended = threading.Event()

    def killer() -> None:
        for _ in range(kills):
            while not (found := [one for one in databases("postgres") if _sleeps(one)]):
                if ended.wait(0.2):
                    return
            with contextlib.suppress(psutil.NoSuchProcess):
                chosen(found[0]).kill()
            ends(found[0], within=20)

    thread = threading.Thread(target=killer)
    thread.start()
    try:
        return examination.examine(CELLS, own_files=None).seen[2]
    finally:
        ended.set()
        thread.join()


def _sleeps(process: psutil.Process) -> bool:
    """A PostgreSQL process shows in its title which kind of statement it runs."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return " SELECT" in " ".join(process.cmdline())
    return False


def the_database(process: psutil.Process) -> psutil.Process:
    return process.parent()


def the_supervisor(process: psutil.Process) -> psutil.Process:
    """All other servers run in it: the gateway, HTTP, DNS."""
    return process.parent().parent()


@pytest.mark.parametrize(
    "chosen", [the_database, pytest.param(the_supervisor, marks=pytest.mark.soak)]
)
def test_an_examination_whose_server_was_killed_is_done_again(
    chosen: Callable[[psutil.Process], psutil.Process],
) -> None:
    seen = examined(1, chosen)
    # Three where the machine was too busy for the second one.
    assert (seen.status, seen.attempts) in [("passed", 2), ("passed", 3)], seen.message


@pytest.mark.soak
def test_a_database_that_is_killed_each_time_leaves_the_verdict_open() -> None:
    before = databases("postgres")
    for _ in range(7):  # three attempts each: 21 kills
        seen = examined(3, the_database)
        assert (seen.status, seen.attempts) == ("inconclusive", 3)
        assert "PostgreSQL had ended" in seen.message
    assert outliving([one for one in databases("postgres") if one not in before], within=1) == []
