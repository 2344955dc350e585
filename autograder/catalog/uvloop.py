"""uvloop: an event loop on libuv. It is faster, but a blocking call holds it just the same."""

from __future__ import annotations

from autograder.catalog.card import WAIT, Card, Servers


async def use(servers: Servers) -> str:
    import asyncio

    reader, writer = await asyncio.open_connection("127.0.0.1", port(servers))
    try:
        writer.write(f"GET /slow?seconds={WAIT} HTTP/1.0\r\n\r\n".encode())
        return (await reader.readline()).decode().split(" ", 1)[1].strip()
    finally:
        writer.close()


def blocking(servers: Servers) -> str:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", port(servers))
    try:
        connection.request("GET", f"/slow?seconds={WAIT}")
        response = connection.getresponse()
        return f"{response.status} {response.reason}"
    finally:
        connection.close()


def port(servers: Servers) -> int:
    """Return the port of the world's HTTP server."""
    return int(servers.http.url.rpartition(":")[2])


CARD = Card(
    name="uvloop",
    purpose="an event loop on libuv: faster, and it blocks just the same",
    twin="http.client, on uvloop",
    status="maintained: 0.23.0; Linux and macOS",
    seen="2026-11-22",
    source="https://pypi.org/project/uvloop/",
    care=(
        "Start it with uvloop.run(main()); loop policies are deprecated since Python 3.14. "
        "Streams cost 1.2 to 1.5 times less CPU, a blocking call as much as ever."
    ),
    use=use,
    blocking=blocking,
    modules=("uvloop",),
    servers=("http",),
    loop="uvloop",
    platforms=("linux", "darwin"),
)
