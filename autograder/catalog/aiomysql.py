"""aiomysql: PyMySQL for asyncio: its calls wait without holding the loop."""

from __future__ import annotations

from typing import Any

from autograder.catalog.card import WAIT, Card, Servers

QUERY = f"SELECT SLEEP({WAIT})"


def account(servers: Servers) -> dict[str, Any]:
    """Return the arguments to connect to the world's MySQL, without the database's name."""
    return {name: getattr(servers.mysql, name) for name in ("host", "port", "user", "password")}


async def use(servers: Servers) -> list[int]:
    import aiomysql

    connection = await aiomysql.connect(db=servers.mysql.database, **account(servers))
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(QUERY)
            return list(await cursor.fetchone())
    finally:
        connection.close()


def blocking(servers: Servers) -> list[int]:
    import pymysql

    connection = pymysql.connect(database=servers.mysql.database, **account(servers))
    with connection, connection.cursor() as cursor:
        cursor.execute(QUERY)
        return list(cursor.fetchone())


CARD = Card(
    name="aiomysql",
    purpose="MySQL and MariaDB",
    twin="PyMySQL",
    status="alive and slow: 0.3.2 of October 2025, after years without a release",
    seen="2026-11-22",
    source="https://github.com/aio-libs/aiomysql/issues/609",
    care="It fills %s in on the client; statements are not prepared by the server.",
    use=use,
    blocking=blocking,
    modules=("aiomysql", "pymysql"),
    servers=("mysql",),
)
