"""`bench world`: how fast the servers start, what memory they take, how long one question takes."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil

from autograder import world
from autograder.bench import metering

NAMES = ("http", "postgres", "mysql", "dns", "sqlite")
QUESTIONS = 300  # to each server, one after the other, over one connection

# What all servers together may take: seconds, and MB of PSS (shared memory counts by its share).
MOST_SECONDS, MOST_MEMORY = 2.5, 160.0

Ask = Callable[[], Awaitable[Any]]


def measure(repeats: int, *, quick: bool = False) -> int:
    """Print the tables; 0 when all servers were ready in time and within the memory."""
    starts = [_started(NAMES) for _ in range(1 if quick else min(repeats, 5))]
    seconds = statistics.median(taken for taken, _ in starts)
    memory = max(used for _, used in starts)
    print(f"Load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs; {len(starts)} starts.\n")
    print("| server | ready alone, s | PSS with the supervisor, MB | p50, ms | p99, ms |")
    print("|---|---|---|---|---|")
    times = asyncio.run(_questions(50 if quick else QUESTIONS))
    for name in NAMES:
        alone, used = _started((name,))
        values = sorted(times[name])
        p50, p99 = (values[int(len(values) * part)] * 1000 for part in (0.5, 0.99))
        print(f"| {name} | {alone:.2f} | {used:.0f} | {p50:.2f} | {p99:.2f} |")
    print(f"\nAll: ready in {seconds:.2f} s (bound {MOST_SECONDS}, median), {memory:.0f} MB of PSS")
    return 0 if seconds <= MOST_SECONDS and memory <= MOST_MEMORY else 1


def _started(names: tuple[str, ...]) -> tuple[float, float]:
    """Return seconds and MB for a world of its own with these servers."""
    with _own_world():
        began = time.perf_counter()
        asyncio.run(world.start(*names))
        taken = time.perf_counter() - began
        return taken, metering.memory(psutil.Process().children(recursive=True))


@contextmanager
def _own_world() -> Iterator[None]:
    world.private()
    try:
        yield
    finally:
        world.leave()
        psutil.wait_procs(psutil.Process().children(), timeout=5)


async def _questions(number: int) -> dict[str, list[float]]:
    with _own_world():
        servers = await world.start(*NAMES)
        return {
            "http": await _http(servers, number),
            "postgres": await _postgres(servers, number),
            "mysql": await _mysql(servers, number),
            "dns": await _dns(servers, number),
            "sqlite": await _sqlite(servers, number),
        }


async def _timed(ask: Ask, number: int) -> list[float]:
    taken = []
    for _ in range(number):
        began = time.perf_counter()
        await ask()
        taken.append(time.perf_counter() - began)
    return taken


async def _http(servers: Any, number: int) -> list[float]:
    import aiohttp

    async with aiohttp.ClientSession() as session:

        async def ask() -> None:
            async with session.get(f"{servers.http.url}/fast") as response:
                await response.read()

        return await _timed(ask, number)


async def _postgres(servers: Any, number: int) -> list[float]:
    import asyncpg

    connection = await asyncpg.connect(servers.postgres.dsn)
    try:
        return await _timed(lambda: connection.fetchval("SELECT 1"), number)
    finally:
        await connection.close()


async def _mysql(servers: Any, number: int) -> list[float]:
    import aiomysql

    login = {key: getattr(servers.mysql, key) for key in ("host", "port", "user", "password")}
    connection = await aiomysql.connect(**login)
    try:
        return await _timed(lambda: connection.query("SELECT 1"), number)
    finally:
        connection.close()


async def _dns(servers: Any, number: int) -> list[float]:
    import aiodns

    async with aiodns.DNSResolver(nameservers=[servers.dns.address]) as resolver:
        names = iter(f"n{n}.bot.test" for n in range(number))  # c-ares keeps answers
        return await _timed(lambda: resolver.query_dns(next(names), "A"), number)


async def _sqlite(servers: Any, number: int) -> list[float]:
    import aiosqlite

    async with aiosqlite.connect(servers.sqlite.path) as database:
        return await _timed(lambda: database.execute_fetchall("SELECT * FROM guilds"), number)
