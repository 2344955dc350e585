"""asyncmy: aiomysql's API in Cython."""

from __future__ import annotations

from autograder.catalog import aiomysql
from autograder.catalog.aiomysql import QUERY, account
from autograder.catalog.card import Card, Servers


async def use(servers: Servers) -> list[int]:
    import asyncmy

    connection = await asyncmy.connect(db=servers.mysql.database, **account(servers))
    try:
        async with connection.cursor() as cursor:
            await cursor.execute(QUERY)
            return list(await cursor.fetchone())
    finally:
        connection.close()


CARD = Card(
    name="asyncmy",
    purpose="MySQL and MariaDB, faster at large results",
    twin="PyMySQL",
    status="alive: 0.2.18; releases come in bursts",
    seen="2026-11-22",
    source="https://github.com/long2ice/asyncmy/issues/137",
    use=use,
    blocking=aiomysql.blocking,
    modules=("asyncmy", "pymysql"),
    servers=("mysql",),
)
