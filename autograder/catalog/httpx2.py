"""httpx2: HTTP; the successor of httpx, also with an async and a blocking API."""

from __future__ import annotations

from autograder.catalog.card import WAIT, Card, Servers


async def use(servers: Servers) -> list[object]:
    import httpx2

    # verify=False: the server has no certificate, and loading the system's takes 20 to 40 ms.
    async with httpx2.AsyncClient(verify=False, trust_env=False) as client:
        response = await client.get(f"{servers.http.url}/slow?seconds={WAIT}")
        return [response.status_code, response.json()["path"]]


def blocking(servers: Servers) -> list[object]:
    import httpx2

    response = httpx2.get(f"{servers.http.url}/slow?seconds={WAIT}", trust_env=False)
    return [response.status_code, response.json()["path"]]


CARD = Card(
    name="httpx2",
    purpose="HTTP, with the API of httpx, which it continues",
    twin="httpx2.get",
    status="maintained: 2.16.2, by the authors of pydantic",
    seen="2026-11-22",
    source="https://pypi.org/project/httpx2/",
    care=(
        "On Linux, AsyncClient() loads the system's certificates, which holds the loop for 20 to "
        "40 ms: make one client when the bot starts, and keep it."
    ),
    use=use,
    blocking=blocking,
    modules=("httpx2", "httpcore2", "anyio._backends._asyncio"),
    servers=("http",),
)
