"""httpx: HTTP, with an async and a blocking API that are easy to confuse."""

from __future__ import annotations

from autograder.catalog.card import WAIT, Card, Servers


async def use(servers: Servers) -> list[object]:
    import httpx

    # verify=False: the server has no certificate, and loading certifi's takes 20 to 40 ms.
    async with httpx.AsyncClient(verify=False, trust_env=False) as client:
        response = await client.get(f"{servers.http.url}/slow?seconds={WAIT}")
        return [response.status_code, response.json()["path"]]


def blocking(servers: Servers) -> list[object]:
    import httpx

    response = httpx.get(f"{servers.http.url}/slow?seconds={WAIT}", trust_env=False)
    return [response.status_code, response.json()["path"]]


CARD = Card(
    name="httpx",
    purpose="HTTP, with the API of requests",
    twin="httpx.get",
    status=(
        "stalled at 0.28.1 of December 2024, issues closed since February 2026, goes on as httpx2; "
        "no WebSockets"
    ),
    seen="2026-11-29",
    source="https://pypi.org/project/httpx/",
    care=(
        "AsyncClient() loads certifi's certificates, which holds the loop for 20 to 40 ms: "
        "make one client when the bot starts, and keep it."
    ),
    use=use,
    blocking=blocking,
    modules=("httpx", "httpcore", "anyio._backends._asyncio"),
    servers=("http",),
)
