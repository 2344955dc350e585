"""The HTTP server does what it is asked for, and its counters can be trusted."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from autograder import world
from autograder.outcomes import UserMistake


@pytest.fixture(scope="module", autouse=True)
def own_world() -> Iterator[None]:
    """One private world for the module: its processes start once."""
    world.private()
    yield
    world.leave()


@pytest.fixture(autouse=True)
def counting_from_nothing() -> None:
    async def reset() -> None:
        await (await world.start("http")).http.reset()

    asyncio.run(reset())


class Visitor:
    """An HTTP client with as many connections as it likes."""

    def __init__(self, http: Any, session: aiohttp.ClientSession) -> None:
        self._url = http.url
        self._session = session

    async def get(self, path: str) -> tuple[int, Any]:
        async with self._session.get(self._url + path) as response:
            return response.status, await response.json()

    def at_once(self, path: str, number: int) -> list[asyncio.Task[tuple[int, Any]]]:
        return [asyncio.create_task(self.get(path)) for _ in range(number)]


@asynccontextmanager
async def visited(connections: int = 100) -> AsyncIterator[tuple[Any, Visitor]]:
    http = (await world.start("http")).http
    connector = aiohttp.TCPConnector(limit=connections)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield http, Visitor(http, session)


def test_it_answers_at_once_or_after_the_seconds_asked_for() -> None:
    async def check() -> None:
        async with visited() as (_, visitor):
            assert await visitor.get("/fast") == (200, {"path": "/fast", "number": 1})
            began = time.monotonic()
            assert await visitor.get("/slow?seconds=0.2") == (200, {"path": "/slow", "number": 1})
            assert time.monotonic() - began >= 0.19

    asyncio.run(check())


def test_held_replies_come_when_enough_requests_have_arrived() -> None:
    async def check() -> None:
        async with visited() as (http, visitor):
            await http.hold("/user", until=3)
            two = visitor.at_once("/user", 2)
            assert await http.arrived(2, path="/user")
            assert not await http.arrived(3, path="/user", timeout=0.1)
            assert not any(task.done() for task in two)
            await visitor.get("/user")
            assert [(await task)[0] for task in two] == [200, 200]
            assert http.counters()["paths"]["/user"] == {"requests": 3, "open": 0, "peak": 3}

    asyncio.run(check())


def test_held_replies_can_be_released_one_by_one() -> None:
    async def check() -> None:
        async with visited() as (http, visitor):
            await http.hold("/job")
            tasks = visitor.at_once("/job", 3)
            assert await http.arrived(3, path="/job")
            assert await http.release("/job", 1) == 1
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            assert len(done) == 1
            assert http.counters()["open"] == 2
            assert await http.release("/job") == 2  # all, and hold no more
            await asyncio.gather(*tasks, visitor.get("/job"))
            with pytest.raises(UserMistake, match="nothing is held"):
                await http.release("/job")

    asyncio.run(check())


def test_a_client_that_gives_up_is_seen_and_counted() -> None:
    async def check() -> None:
        async with visited() as (http, visitor):
            await http.hold("/reply")
            (task,) = visitor.at_once("/reply", 1)
            assert await http.arrived(1)
            task.cancel()
            while http.counters()["open"]:  # noqa: ASYNC110 - the counters are what is tested
                await asyncio.sleep(0.01)
            assert http.counters()["aborted"] == 1
            assert await http.release("/reply") == 0

    asyncio.run(check())


def test_it_counts_connections_as_well_as_requests() -> None:
    world.leave()  # a server of its own: it may not have seen the end of earlier connections yet

    async def check() -> None:
        async with visited(connections=5) as (http, visitor):
            await asyncio.gather(*visitor.at_once("/slow?seconds=0.05", 20))
            seen = http.counters()
            assert (seen["requests"], seen["peak"], seen["connections"]) == (20, 5, 5)
            assert seen["peak_connections"] == seen["open_connections"] == 5
        while http.counters()["open_connections"]:  # noqa: ASYNC110 - the counters are what is tested
            await asyncio.sleep(0.01)

    asyncio.run(check())


def test_a_path_answers_by_its_query() -> None:
    async def check() -> None:
        async with visited() as (http, visitor):
            await http.plan("/dogs", body="no dog", bodies={"breed=pug": "pug-7.jpg"})
            assert await visitor.get("/dogs?breed=pug") == (200, "pug-7.jpg")
            assert await visitor.get("/dogs?breed=cat") == (200, "no dog")

    asyncio.run(check())


def test_who_stays_away_as_long_as_it_was_told_to_is_not_early() -> None:
    """The header has milliseconds, and they are rounded up."""

    async def check() -> None:
        async with visited() as (http, visitor):
            await http.plan("/fame", retry_after=0.1234)
            async with visitor._session.get(http.url + "/fame") as response:
                assert response.headers["Retry-After"] == "0.124"

    asyncio.run(check())


def test_a_rate_limit_refuses_what_exceeds_it_and_says_how_long() -> None:
    async def check() -> None:
        async with visited() as (http, visitor):
            # The third is in the window of the first also when it is on its way for a second.
            await http.plan("/post", limit=2, window=2)
            answers = await asyncio.gather(*visitor.at_once("/post", 3))
            assert sorted(status for status, _ in answers) == [200, 200, 429]
            wait = next(body["retry_after"] for status, body in answers if status == 429)
            assert 0 < wait <= 2
            await asyncio.sleep(wait)
            assert (await visitor.get("/post"))[0] == 200
            assert http.counters()["refused"] == 1

    asyncio.run(check())


def test_a_plan_can_fail_so_many_times_and_then_succeed() -> None:
    async def check() -> None:
        async with visited() as (http, visitor):
            await http.plan("/flaky", status=503, body={"why": "tired"}, times=2)
            answers = [await visitor.get("/flaky") for _ in range(3)]
            assert [status for status, _ in answers] == [503, 503, 200]
            assert answers[0][1] == {"why": "tired"}

    asyncio.run(check())


def test_chances_are_the_same_for_the_same_seed() -> None:
    async def statuses(http: Any, visitor: Visitor) -> list[int]:
        await http.plan("/chance", status=500, chance=0.5, seed=3)
        return [(await visitor.get("/chance"))[0] for _ in range(20)]

    async def check() -> None:
        async with visited() as (http, visitor):
            first, second = await statuses(http, visitor), await statuses(http, visitor)
            assert first == second
            assert set(first) == {200, 500}

    asyncio.run(check())


def test_a_slow_body_comes_in_pieces() -> None:
    async def check() -> None:
        async with visited() as (http, visitor):
            await http.plan("/body", body="x" * 100, chunks=4, pause=0.05)
            began = time.monotonic()
            assert (await visitor.get("/body"))[1] == "x" * 100
            assert time.monotonic() - began >= 0.14  # three pauses between four pieces

    asyncio.run(check())


def test_a_connection_can_be_reset_instead_of_an_answer() -> None:
    async def check() -> None:
        async with visited() as (http, visitor):
            await http.plan("/reset", reset=True)
            with pytest.raises(aiohttp.ClientConnectionError):
                await visitor.get("/reset")

    asyncio.run(check())


def test_a_websocket_sends_everything_back() -> None:
    async def check() -> None:
        http = (await world.start("http")).http
        async with aiohttp.ClientSession() as session, session.ws_connect(http.ws_url) as socket:
            await socket.send_str("hello")
            assert await socket.receive_str(timeout=20) == "hello"
            await socket.send_bytes(b"\x00")
            assert await socket.receive_bytes(timeout=20) == b"\x00"
        assert http.counters()["messages"] == 2

    asyncio.run(check())


def test_the_log_tells_what_was_asked_in_order() -> None:
    async def check() -> None:
        async with visited() as (http, _), aiohttp.ClientSession() as session:
            async with session.post(http.url + "/xp?user=ada", data=b"5"):
                pass
            (entry,) = await http.log()
            assert (entry["method"], entry["path"], entry["query"], entry["body"]) == (
                "POST",
                "/xp",
                {"user": "ada"},
                "5",
            )
            assert entry["status"] == 200

    asyncio.run(check())


def test_reset_forgets_plans_holds_and_counts() -> None:
    async def check() -> None:
        async with visited() as (http, visitor):
            await http.plan("/fast", status=500)
            await http.hold("/held")
            (held,) = visitor.at_once("/held", 1)
            assert await http.arrived(1)
            await http.reset()
            await held
            assert http.counters()["requests"] == 0
            assert await visitor.get("/fast") == (200, {"path": "/fast", "number": 1})

    asyncio.run(check())


def test_what_it_cannot_do_it_says() -> None:
    async def check() -> None:
        http = (await world.start("http")).http
        with pytest.raises(UserMistake, match="begin it with a slash"):
            await http.plan("fast")
        with pytest.raises(UserMistake, match="colour"):
            await http.plan("/fast", colour="red")
        with pytest.raises(UserMistake, match="it has"):
            await http.explode()

    asyncio.run(check())
