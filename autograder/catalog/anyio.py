"""anyio: structured concurrency and streams, over asyncio or trio."""

from __future__ import annotations

from autograder.catalog.card import WAIT, Card, Servers
from autograder.catalog.uvloop import port

REQUEST = f"GET /slow?seconds={WAIT} HTTP/1.0\r\n\r\n".encode()


async def use(servers: Servers) -> list[str]:
    import anyio

    answers: list[str] = []

    async def ask() -> None:
        async with await anyio.connect_tcp("127.0.0.1", port(servers)) as stream:
            await stream.send(REQUEST)
            answers.append(_status(await stream.receive()))

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(ask)
    return answers


def blocking(servers: Servers) -> list[str]:
    import socket

    answers = []
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", port(servers)), timeout=5) as stream:
            stream.sendall(REQUEST)
            answers.append(_status(stream.recv(65536)))
    return answers


def _status(answer: bytes) -> str:
    return answer.split(b"\r\n", 1)[0].decode().split(" ", 1)[1]


CARD = Card(
    name="anyio",
    purpose="task groups, time limits, streams and threads that are cancelled as one",
    twin="socket",
    status="maintained: 4.16.0; httpx and Jupyter stand on it",
    seen="2026-11-22",
    source="https://pypi.org/project/anyio/",
    care="It cancels by level: after a time limit every await raises, until the block ends.",
    use=use,
    blocking=blocking,
    modules=("anyio", "anyio._backends._asyncio"),
    servers=("http",),
)
