"""The world's life: started once, shared by a user's processes, gone with the last of them.

Clients run as processes of their own, with a temporary directory of their own whose name holds a
space, so that no test meets a supervisor of another.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from processes import ends, gone
from tries import tries

from autograder import world
from autograder.outcomes import UserMistake

ROOT = Path(__file__).parents[2]

# Seconds until nothing is left: the supervisor waits 1 s, then needs 0.1 s. The contract says 3,
# which `--soak` holds it to. Beside the suite's other workers it may take longer.
CONTRACT, GONE = 3.0, 10.0
NOBODY = 65534  # a second user, where the tests run as root

PRELUDE = """
import asyncio, json, os, sys, time
from autograder import world

def tell(**facts):
    print(json.dumps(facts), flush=True)

def wait():
    sys.stdin.readline()

"""


class Place:
    """Processes that share a temporary directory, and what they leave in it."""

    def __init__(self, directory: Path, patience: float = GONE) -> None:
        self.directory = directory
        self.patience = patience
        self.directory.mkdir()
        self.clients: list[subprocess.Popen[str]] = []
        self.environment = {
            **os.environ,
            "TMPDIR": str(directory),
            "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        }

    def client(self, code: str, **more: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", PRELUDE + textwrap.dedent(code)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **{"env": self.environment, **more},
        )
        self.clients.append(process)
        return process

    def supervisors(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "--shared" in words and words[-1].startswith(str(self.directory)):
                found.append(process)
        return found

    def end(self) -> None:
        for process in self.clients:
            process.kill()
            process.communicate()
        for supervisor in self.supervisors():
            with contextlib.suppress(psutil.NoSuchProcess):  # it ends with its last client
                supervisor.kill()

    def leftovers(self) -> list[str]:
        """Return processes and files that are still there when its patience is over."""
        deadline = time.monotonic() + self.patience
        while time.monotonic() < deadline and (self.supervisors() or any(self.directory.iterdir())):
            time.sleep(0.05)
        return [*map(str, self.supervisors()), *map(str, self.directory.rglob("*"))]


@pytest.fixture
def place(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    alone = request.node.get_closest_marker("soak")
    one = Place(tmp_path / "with space", CONTRACT if alone else GONE)
    yield one
    one.end()


@pytest.fixture
def own_world() -> Iterator[None]:
    world.private()
    yield
    world.leave()


def told(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, f"the client ended with {process.wait()}"
    facts: dict[str, Any] = json.loads(line)
    return facts


START = """
    async def main():
        began = time.perf_counter()
        servers = await world.start("http")
        gw = await servers.gateway()
        tell(seconds=time.perf_counter() - began, url=servers.http.url, ws=gw.ws_url)
        wait()
    asyncio.run(main())
"""


def answers(url: str) -> bool:
    host, _, port = url.partition("://")[2].partition(":")
    with socket.socket() as sock:
        return sock.connect_ex((host, int(port.partition("/")[0]))) == 0


@pytest.mark.slow
def test_the_world_is_ready_within_a_second(place: Place) -> None:
    # 0.3 s on an idle machine, 0.9 s beside 8 busy builds; three times that is a mistake of ours,
    # if it is needed each time: the machine may have taken the CPU away for that long.
    took = []
    for _ in tries():
        client = place.client(START)
        took.append(told(client)["seconds"])
        if took[-1] < 3.0:
            break
        client.kill()
        assert place.leftovers() == []  # the next one starts a supervisor of its own
    assert took[-1] < 3.0, took


@pytest.mark.slow
def test_all_processes_of_a_user_share_one_supervisor(place: Place) -> None:
    clients = [place.client(START) for _ in range(5)]  # at once: the start is a race
    urls = {told(client)["url"] for client in clients}
    assert len(place.supervisors()) == 1
    assert len(urls) == 5  # what a process counts is its own


@pytest.mark.slow
def test_killed_clients_leave_no_process_and_no_file(place: Place) -> None:
    clients = [place.client(START) for _ in range(3)]
    facts = [told(client) for client in clients]
    for client in clients:
        client.kill()
    assert place.leftovers() == []
    assert not any(answers(fact["url"]) or answers(fact["ws"]) for fact in facts)


@pytest.mark.soak
def test_twenty_killed_clients_leave_nothing(place: Place) -> None:
    for _ in range(4):
        clients = [place.client(START) for _ in range(5)]
        for client in clients:
            told(client)
            client.send_signal(signal.SIGKILL)
    assert place.leftovers() == []


@pytest.mark.slow
def test_a_client_killed_during_the_start_leaves_nothing(place: Place) -> None:
    for delay in (0.02, 0.1, 0.2, 0.3):
        client = place.client(START)
        time.sleep(delay)
        client.kill()
    survivor = place.client(START)
    assert answers(told(survivor)["url"])
    survivor.kill()
    assert place.leftovers() == []


@pytest.mark.slow
def test_what_a_process_started_ends_with_it_while_others_go_on(place: Place) -> None:
    first, second = place.client(START), place.client(START)
    gone, kept = told(first), told(second)
    first.kill()
    deadline = time.monotonic() + place.patience
    while time.monotonic() < deadline and answers(gone["ws"]):
        time.sleep(0.02)
    assert not answers(gone["ws"])
    assert not answers(gone["url"])
    assert answers(kept["ws"])
    assert answers(kept["url"])


@pytest.mark.slow
def test_a_forked_worker_does_not_hold_the_world_open(place: Place) -> None:
    if not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    client = place.client(
        """
        async def main():
            await world.start("http")
            if os.fork() == 0:
                time.sleep(60)
                os._exit(0)
            tell(child=True)
            wait()
        asyncio.run(main())
        """
    )
    told(client)
    children = psutil.Process(client.pid).children()
    client.kill()
    try:
        assert place.leftovers() == []
    finally:
        for child in children:
            with contextlib.suppress(psutil.NoSuchProcess):  # the supervisor was one of them
                child.kill()


@pytest.mark.slow
def test_stale_files_are_no_obstacle(place: Place) -> None:
    client = place.client(START)
    told(client)
    for address in ('{"port": 1, "token": "x"}', "no JSON", "{}"):
        (supervisor,) = place.supervisors()
        supervisor.kill()  # it leaves its files
        client.kill()
        assert ends(supervisor, within=place.patience)
        (published,) = place.directory.rglob("*.json")
        published.write_text(address)
        client = place.client(START)
        assert answers(told(client)["url"])
    client.kill()
    assert place.leftovers() == []


@pytest.mark.slow
def test_when_the_supervisor_dies_one_sentence_says_so_and_start_starts_anew(place: Place) -> None:
    client = place.client(
        """
        async def main():
            servers = await world.start("http")
            gw = await servers.gateway()
            tell()
            wait()
            for attempt in (lambda: gw.kills, lambda: gw.counters()):
                try:
                    attempt()
                except world.WorldEnded as error:
                    tell(sentence=str(error))
            try:
                await gw.say("hello")
            except world.WorldEnded as error:
                tell(sentence=str(error))
            servers = await world.start("http")
            tell(url=servers.http.url)
            wait()
        asyncio.run(main())
        """
    )
    told(client)
    (supervisor,) = place.supervisors()
    supervisor.kill()
    assert ends(supervisor, within=place.patience)
    assert client.stdin is not None
    client.stdin.write("\n")
    client.stdin.flush()
    for _ in range(3):
        assert "run the cell with `await world.start(...)` again" in told(client)["sentence"]
    assert answers(told(client)["url"])


@pytest.mark.slow
@pytest.mark.parametrize("home", ["missing", "closed", "unset"])
def test_the_home_directory_does_not_matter(place: Place, tmp_path: Path, home: str) -> None:
    environment = {**place.environment, "HOME": str(tmp_path / "home")}
    if home == "closed":
        (tmp_path / "home").mkdir(mode=0o500)
    if home == "unset":
        del environment["HOME"]
    assert answers(told(place.client(START, env=environment))["url"])


def test_a_working_directory_full_of_shadows_does_not_matter(place: Place, tmp_path: Path) -> None:
    for name in ("random", "http", "json", "asyncio", "aiohttp"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('shadowed')")
    code = f"os.chdir({str(tmp_path)!r})\n" + textwrap.dedent(START)
    assert answers(told(place.client(code))["url"])


def test_a_directory_that_others_can_enter_is_refused_with_a_sentence(place: Place) -> None:
    user = os.getuid() if hasattr(os, "getuid") else ""
    (place.directory / f"unblocked-{user}").mkdir(mode=0o755)
    (place.directory / f"unblocked-{user}").chmod(0o755)
    client = place.client(
        """
        try:
            asyncio.run(world.start("http"))
        except Exception as error:
            tell(kind=type(error).__name__, sentence=str(error))
        """
    )
    refusal = told(client)
    assert refusal["kind"] == "UserMistake"
    assert "remove it, or set TMPDIR" in refusal["sentence"]


@pytest.mark.slow
def test_a_supervisor_whose_temporary_directory_is_removed_ends(place: Place) -> None:
    """Once, it looked for the directory of its lock for ever, with all of a CPU."""
    client = place.client(START)
    told(client)
    (supervisor,) = place.supervisors()
    shutil.rmtree(place.directory)
    client.kill()
    assert ends(supervisor, within=place.patience)
    place.directory.mkdir()


def can_be_run_by(user: int) -> bool:
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import autograder.world, aiohttp"
    try:
        command = [sys.executable, "-c", code]
        return not subprocess.run(command, user=user, capture_output=True, check=False).returncode
    except PermissionError:
        return False


def test_two_users_at_once_have_a_world_each() -> None:
    if os.name != "posix" or os.getuid() != 0:
        pytest.skip("only root can run a test as a second user")
    if not can_be_run_by(NOBODY):
        pytest.skip("a second user cannot read this Python")
    with tempfile.TemporaryDirectory() as common:  # pytest's own is closed to others
        Path(common).chmod(0o711)
        place = Place(Path(common) / "temporary files")
        place.directory.chmod(0o1777)
        mine, theirs = place.client(START), place.client(START, user=NOBODY, group=NOBODY)
        try:
            assert answers(told(mine)["url"])
            assert answers(told(theirs)["url"])
            assert len(place.supervisors()) == 2
            mine.kill()
            theirs.kill()
            assert place.leftovers() == []
        finally:
            place.end()


def test_a_private_world_has_no_path_and_ends_at_once_with_its_process(place: Place) -> None:
    # Beside other work the shared world may end first, though it has a second of patience. A
    # private one that has the same second ends after it each time.
    for _ in tries():
        if a_private_world_ends_before_a_shared_one(place):
            break
    else:
        pytest.fail("the private world has ended after the shared one each time")


def a_private_world_ends_before_a_shared_one(place: Place) -> bool:
    """End a process with a private world 0.4 s after one that shared the other world."""
    assert place.leftovers() == []
    client = place.client("world.private()\n" + textwrap.dedent(START))
    facts = told(client)
    assert answers(facts["url"])
    assert place.supervisors() == []
    assert list(place.directory.iterdir()) == []
    (supervisor,) = psutil.Process(client.pid).children()
    other = place.client(START)
    told(other)
    (shared,) = place.supervisors()
    other.kill()
    time.sleep(0.4)  # a private one with the shared one's second of patience would end after it
    client.kill()
    assert ends(supervisor, within=place.patience)
    first = not gone(shared)
    assert not answers(facts["url"])
    return first


def test_start_is_idempotent_and_names_what_it_does_not_know(own_world: None) -> None:
    async def check() -> None:
        first, second = await world.start("http"), await world.start("http")
        assert first.http is second.http
        with pytest.raises(UserMistake, match=r"no server 'htp': the world has gateway, http"):
            await world.start("htp")
        with pytest.raises(AttributeError, match=r"world.start\('postgres'\)"):
            _ = first.postgres
        with pytest.raises(UserMistake, match="beat"):
            await first.gateway(beat=3)
        with pytest.raises(UserMistake, match="grace above 1"):
            await first.gateway(grace=1)

    asyncio.run(check())


@pytest.mark.slow
def test_a_taken_port_is_one_sentence(own_world: None) -> None:
    async def check(port: int) -> None:
        servers = await world.start()
        with pytest.raises(UserMistake, match=f"port {port} is taken"):
            await servers.gateway(port=port)

    with socket.create_server(("127.0.0.1", 0)) as taken:
        asyncio.run(check(taken.getsockname()[1]))


def test_handles_work_from_any_loop_and_any_thread(own_world: None) -> None:
    async def started() -> world.Gateway:
        return await (await world.start()).gateway()

    gw = asyncio.run(started())
    asyncio.run(gw.say("from a second loop"))

    async def from_a_thread() -> None:
        await asyncio.to_thread(lambda: asyncio.run(gw.say("from a thread")))

    asyncio.run(from_a_thread())
    told = [event["content"] for event in gw.log if event["event"] == "say"]
    assert told == ["from a second loop", "from a thread"]


def test_reading_a_property_costs_about_a_millisecond(own_world: None) -> None:
    async def check() -> None:
        gw = await (await world.start()).gateway()
        costs = []
        for _ in range(200):
            began = time.perf_counter()
            _ = gw.kills
            costs.append(time.perf_counter() - began)
        # 0.1 ms idle, 0.3 ms with 8 hogs (median); the limit of the course is 100 ms. Each needs
        # another process, so the machine may delay most of them; what is slow by itself is so in
        # all of them.
        assert sorted(costs)[20] < 0.01

    asyncio.run(check())


@pytest.mark.slow
def test_events_are_pushed_as_they_happen(own_world: None) -> None:
    async def check() -> None:
        gw = await (await world.start()).gateway()
        events = gw.events()
        first = asyncio.ensure_future(anext(events))
        while not first.done():  # the subscription is under way
            await gw.say("hello")
            await asyncio.sleep(0.01)
        assert (await first)["content"] == "hello"
        await events.aclose()

    asyncio.run(check())


def test_until_says_false_when_its_time_is_over(own_world: None) -> None:
    async def check() -> None:
        gw = await (await world.start()).gateway()
        assert not await gw.until(replies=1, timeout=0.05)
        with pytest.raises(UserMistake, match="it counts"):
            await gw.until(answers=1)

    asyncio.run(check())


def test_a_closed_gateway_says_so(own_world: None) -> None:
    async def check() -> None:
        gw = await (await world.start()).gateway()
        await gw.close()
        with pytest.raises(UserMistake, match="has been closed"):
            await gw.say("hello")

    asyncio.run(check())


# -- the examiner and the candidate ----------------------------------------------------------------


@pytest.fixture
def candidate() -> Iterator[None]:
    """This process starts nothing, as the candidate's; afterwards it is itself again."""
    yield
    world.private()
    world.leave()


HTTP = {"http": {"url": "http://127.0.0.1:1", "ws_url": "ws://127.0.0.1:1/ws"}}
GATEWAY = {
    "gateway": {"rest_url": "http://127.0.0.1:2", "ws_url": "ws://127.0.0.1:2", "token": "t"}
}


def test_the_examiner_records_what_the_candidate_is_handed(
    own_world: None, candidate: None
) -> None:
    async def cell() -> list[str]:
        servers = await world.start("http")
        first = await servers.gateway(heartbeat=0.2)
        second = await servers.gateway(heartbeat=0.4)
        return [servers.http.url, first.ws_url, first.token, second.rest_url]

    seen = asyncio.run(cell())
    addresses = world.recorded()
    assert [list(address) for address in addresses] == [["http"], ["gateway"], ["gateway"]]
    assert world.recorded() == []
    world.attach(json.loads(json.dumps(addresses)))
    assert asyncio.run(cell()) == seen


def test_the_candidate_controls_nothing(candidate: None) -> None:
    async def check() -> None:
        world.attach([HTTP, GATEWAY])
        servers = await world.start("http")
        gw = await servers.gateway()
        for attempt in (
            lambda: gw.kills,
            lambda: gw.replies,
            servers.http.counters,
            lambda: servers.http.hold("/x"),
        ):
            with pytest.raises(world.OnlyTheExaminer, match="only the examiner"):
                attempt()
        with pytest.raises(world.OnlyTheExaminer, match=r"gateway\.say"):
            await gw.say("hello")
        with pytest.raises(world.OnlyTheExaminer):
            await servers.gateway()  # a second one, which nobody sent
        with pytest.raises(world.OnlyTheExaminer):
            await world.start("postgres")

    asyncio.run(check())


def test_the_candidate_may_ask_again_for_what_it_was_given(candidate: None) -> None:
    async def check() -> None:
        world.attach([HTTP])
        first = await world.start("http")
        world.attach([GATEWAY])  # the next cell
        second = await world.start("http")
        assert first.http.url == second.http.url
        assert (await second.gateway()).token == "t"

    asyncio.run(check())
