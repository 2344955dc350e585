"""psycopg 3: PostgreSQL, with an async and a blocking API."""

from __future__ import annotations

from autograder.catalog.card import WAIT, Card, Servers

QUERY = f"SELECT 6 * 7 FROM pg_sleep({WAIT})"


async def use(servers: Servers) -> list[object]:
    import psycopg

    async with await psycopg.AsyncConnection.connect(servers.postgres.dsn) as connection:
        cursor = await connection.execute(QUERY.encode())
        return list(await cursor.fetchone() or ())


def blocking(servers: Servers) -> list[object]:
    import psycopg

    with psycopg.connect(servers.postgres.dsn) as connection:
        return list(connection.execute(QUERY.encode()).fetchone() or ())


CARD = Card(
    name="psycopg",
    purpose="PostgreSQL with the DB-API one knows, for new code",
    twin="psycopg.connect",
    status="maintained: 3.3.9, with native asyncio support",
    seen="2026-11-22",
    source="https://www.psycopg.org/features/",
    care="AsyncConnection and AsyncCursor only: Connection has the same methods, and blocks.",
    use=use,
    blocking=blocking,
    modules=("psycopg",),
    servers=("postgres",),
)
