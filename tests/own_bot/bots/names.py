"""A bot that tries to reach Discord in each way that it knows; no look-up leaves this process."""

import asyncio
import http.client
import socket
import sys

import aiohttp
import uvloop


class Leaked(Exception):
    pass


def last_stop(event, arguments):
    """Comes after the guard: what the guard let through would be a look-up."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname") and "discord" in str(arguments[0]):
        raise Leaked(event)


sys.addaudithook(last_stop)
refused = []


def sync(what, call):
    try:
        call()
    except socket.gaierror:
        refused.append(what)


async def tried(what, awaitable):
    try:
        await awaitable
    except (socket.gaierror, aiohttp.ClientError):
        refused.append(what)


class Loopback(aiohttp.abc.AbstractResolver):
    async def resolve(self, host, port=0, family=0):
        raise Leaked("a resolver of aiohttp's")

    async def close(self):
        pass


async def main():
    loop = asyncio.get_running_loop()
    kind = type(loop).__module__.partition(".")[0]
    await tried(f"{kind} looks up", loop.getaddrinfo("gateway.discord.gg", 443))
    await tried(f"{kind} connects", loop.create_connection(asyncio.Protocol, "discord.com", 443))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(resolver=Loopback())) as http:
        await tried(f"aiohttp on {kind}", http.get("https://DISCORD.com./api/v10/users/@me"))
        await tried(
            f"a proxy on {kind}", http.get("https://discord.com/", proxy="http://127.0.0.1:9")
        )


sync("getaddrinfo", lambda: socket.getaddrinfo("discord.com", 443))
sync("gethostbyname", lambda: socket.gethostbyname(b"cdn.discordapp.com"))
sync("connect", lambda: socket.socket().connect(("media.discordapp.net", 443)))
sync("a tunnel", lambda: http.client.HTTPSConnection("127.0.0.1", 9).set_tunnel("discord.com"))
if __name__ == "__main__":
    asyncio.run(main())
    uvloop.run(main())
    print(len(refused), "refused:", "; ".join(refused))
    print("elsewhere:", socket.getaddrinfo("127.0.0.1", 80)[0][4])
