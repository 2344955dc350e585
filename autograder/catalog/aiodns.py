"""aiodns: DNS lookups by c-ares, without the thread pool that asyncio uses."""

from __future__ import annotations

from autograder.catalog.card import WAIT, Card, Servers

NAME = f"shard-{WAIT * 1000:.0f}ms.bot.test"


async def use(servers: Servers) -> list[str]:
    import aiodns

    async with aiodns.DNSResolver(nameservers=[servers.dns.address]) as resolver:
        reply = await resolver.query_dns(NAME, "A")
        return [str(getattr(record.data, "addr", "")) for record in reply.answer]


def blocking(servers: Servers) -> list[str]:
    import dns.resolver

    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = [servers.dns.host], servers.dns.port
    return [record.to_text() for record in resolver.resolve(NAME, "A")]


CARD = Card(
    name="aiodns",
    purpose="DNS without the pool of threads; aiohttp uses it where it is installed",
    twin="dnspython's Resolver",
    status="maintained: 4.0.4; query_dns and getaddrinfo took the place of query and gethostbyname",
    seen="2026-11-22",
    source="https://pypi.org/project/aiodns/",
    care=(
        "asyncio looks names up in a thread already: what is gained is the thread pool, "
        "which a slow name server fills."
    ),
    use=use,
    blocking=blocking,
    modules=("aiodns", "dns.resolver"),
    servers=("dns",),
)
