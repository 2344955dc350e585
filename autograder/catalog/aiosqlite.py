"""aiosqlite: sqlite3 in threads, with one thread per connection."""

from __future__ import annotations

from autograder.catalog.card import WAIT, Card, Servers

CHANGE = "UPDATE guilds SET prefix = '/' WHERE id = 1"
READ = "SELECT prefix FROM guilds WHERE id = 1"


async def prepare(servers: Servers) -> None:
    # A writer has to wait for another process's lock, as it does when SQLite blocks a bot.
    await servers.sqlite.lock(WAIT + 0.05)


async def use(servers: Servers) -> list[str]:
    import aiosqlite

    async with aiosqlite.connect(servers.sqlite.path, timeout=5) as database:
        await database.execute(CHANGE)
        await database.commit()
        async with database.execute(READ) as cursor:
            return list(await cursor.fetchone() or ())


def blocking(servers: Servers) -> list[str]:
    import sqlite3

    database = sqlite3.connect(servers.sqlite.path, timeout=5)
    try:
        database.execute(CHANGE)
        database.commit()
        return list(database.execute(READ).fetchone())
    finally:
        database.close()


CARD = Card(
    name="aiosqlite",
    purpose="SQLite without holding the loop while the file is locked",
    twin="sqlite3",
    status="maintained, little activity: 0.22.1",
    seen="2026-11-22",
    source="https://github.com/omnilib/aiosqlite",
    care=(
        "One connection does one thing at a time: calls from many tasks queue up in its thread. "
        "A locked file is waited for 5 s unless timeout= says otherwise."
    ),
    use=use,
    blocking=blocking,
    modules=("aiosqlite",),
    servers=("sqlite",),
    prepare=prepare,
)
