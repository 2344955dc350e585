"""asyncpg: PostgreSQL's own protocol, written for asyncio."""

from __future__ import annotations

from autograder.catalog.card import WAIT, Card, Servers

QUERY = f"SELECT 6 * 7 FROM pg_sleep({WAIT})"


async def use(servers: Servers) -> int:
    import asyncpg

    connection = await asyncpg.connect(servers.postgres.dsn)
    try:
        value: int = await connection.fetchval(QUERY)
        return value
    finally:
        await connection.close()


def blocking(servers: Servers) -> int:
    import psycopg2

    connection = psycopg2.connect(servers.postgres.dsn)
    try:
        with connection.cursor() as cursor:
            cursor.execute(QUERY)
            value: int = cursor.fetchone()[0]
            return value
    finally:
        connection.close()


CARD = Card(
    name="asyncpg",
    purpose="PostgreSQL, the fast way",
    twin="psycopg2",
    status="maintained: 0.32.0",
    seen="2026-11-22",
    source="https://pypi.org/project/asyncpg/",
    care=(
        "PgBouncer in transaction mode keeps asyncpg's prepared statements since version 1.24, and "
        "since 1.21 if max_prepared_statements is set; else set statement_cache_size=0."
    ),
    use=use,
    blocking=blocking,
    modules=("asyncpg", "psycopg2"),
    servers=("postgres",),
)
