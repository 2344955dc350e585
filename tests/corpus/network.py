"""Waiting on the loop's thread for a server that answers late."""

import asyncio
import contextlib
import functools
import http.client
import select
import smtplib
import socket
import ssl
import urllib.request

import aiohttp
import dns.asyncresolver
import dns.resolver
import httpx
import requests

from autograder.bench.probe.labels import blocks, free
from autograder.bench.world.slow_servers import DELAY, servers


def slow():
    return (servers(),)


def resolver(kind, port):
    made = kind(configure=False)
    made.nameservers = ["127.0.0.1"]
    made.port = port
    return made


@functools.cache
def no_checks():
    # Making a TLS context costs 18-46 ms of CPU, which is a block of its own; so do the imports of
    # the first client.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    httpx.AsyncClient(verify=context)
    return context


@blocks(DELAY, kind="sleep", given=slow)
async def requests_get(at):
    requests.get(at.http)  # <- blocks


@free("requests_get", given=slow)
async def aiohttp_get(at):
    async with aiohttp.ClientSession() as session, session.get(at.http) as response:
        await response.text()


@free("requests_get", given=slow)
async def requests_get_in_thread(at):
    await asyncio.to_thread(requests.get, at.http)


@blocks(DELAY, kind="sleep", given=lambda: (*slow(), no_checks()))
async def httpx_sync_client(at, context):
    with httpx.Client(verify=context) as client:
        client.get(at.http)  # <- blocks


@free("httpx_sync_client", given=lambda: (*slow(), no_checks()))
async def httpx_async_client(at, context):
    async with httpx.AsyncClient(verify=context) as client:
        await client.get(at.http)


@blocks(DELAY, kind="sleep", given=slow)
async def urlopen(at):
    with urllib.request.urlopen(at.http) as response:  # <- blocks
        response.read()


@free("urlopen", given=slow)
async def urlopen_in_thread(at):
    def read():
        with urllib.request.urlopen(at.http) as response:
            return response.read()

    await asyncio.to_thread(read)


@blocks(DELAY, kind="sleep", given=slow)
async def http_client_response(at):
    connection = http.client.HTTPConnection(at.http.split("/")[2])
    connection.request("GET", "/")
    connection.getresponse().read()  # <- blocks
    connection.close()


@free("http_client_response", given=slow)
async def http_over_streams(at):
    host, port = at.http.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"GET / HTTP/1.0\r\n\r\n")
    await reader.read()
    writer.close()
    await writer.wait_closed()


@blocks(DELAY, kind="sleep", given=slow)
async def socket_recv(at):
    with socket.create_connection(("127.0.0.1", at.greeting)) as connection:
        connection.recv(100)  # <- blocks


@free("socket_recv", given=slow)
async def loop_sock_recv(at):
    loop = asyncio.get_running_loop()
    with socket.socket() as connection:
        connection.setblocking(False)
        await loop.sock_connect(connection, ("127.0.0.1", at.greeting))
        await loop.sock_recv(connection, 100)


@blocks(0.12, kind="sleep", exact=True)
async def socket_recv_with_timeout():
    one, other = socket.socketpair()
    one.settimeout(0.12)
    with one, other, contextlib.suppress(TimeoutError):
        one.recv(100)  # <- blocks


@free("socket_recv_with_timeout")
async def socket_recv_that_does_not_wait():
    one, other = socket.socketpair()
    one.setblocking(False)
    with one, other:
        for _ in range(10):
            with contextlib.suppress(BlockingIOError):
                one.recv(100)
            await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", exact=True)
async def accept_with_timeout():
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.suppress(TimeoutError):
        server.settimeout(0.12)
        server.accept()  # <- blocks


@free("accept_with_timeout")
async def loop_sock_accept():
    with socket.create_server(("127.0.0.1", 0)) as server, contextlib.suppress(TimeoutError):
        server.setblocking(False)
        await asyncio.wait_for(asyncio.get_running_loop().sock_accept(server), 0.12)


@blocks(DELAY, kind="sleep", given=slow)
async def smtp_greeting(at):
    smtplib.SMTP("127.0.0.1", at.greeting, local_hostname="localhost").close()  # <- blocks


@free("smtp_greeting", given=slow)
async def greeting_over_streams(at):
    reader, writer = await asyncio.open_connection("127.0.0.1", at.greeting)
    await reader.readline()
    writer.close()
    await writer.wait_closed()


@blocks(DELAY, kind="sleep", given=lambda: (resolver(dns.resolver.Resolver, servers().dns),))
async def dns_resolve(using):
    using.resolve("example.test", "A", lifetime=5)  # <- blocks


@free("dns_resolve", given=lambda: (resolver(dns.asyncresolver.Resolver, servers().dns),))
async def dns_async_resolve(using):
    await using.resolve("example.test", "A", lifetime=5)


@free("dns_resolve")
async def loop_getaddrinfo():
    await asyncio.get_running_loop().getaddrinfo("localhost", 80)


@blocks(DELAY, kind="sleep", given=slow)
async def poll_a_socket(at):
    with socket.create_connection(("127.0.0.1", at.greeting)) as connection:
        poller = select.poll()
        poller.register(connection, select.POLLIN)
        poller.poll(5_000)  # <- blocks


@free("poll_a_socket", given=slow)
async def add_reader(at):
    arrived = asyncio.Event()
    loop = asyncio.get_running_loop()
    with socket.create_connection(("127.0.0.1", at.greeting)) as connection:
        loop.add_reader(connection, arrived.set)
        await arrived.wait()
        loop.remove_reader(connection)


@blocks(5 * DELAY, kind="sleep", given=slow)
async def requests_one_after_the_other(at):
    with requests.Session() as session:
        for _ in range(2):
            session.get(at.http)  # <- blocks


@free("requests_one_after_the_other", given=slow)
async def gathered_aiohttp_gets(at):
    async def get(session):
        async with session.get(at.http) as response:
            return await response.text()

    async with aiohttp.ClientSession() as session:
        await asyncio.gather(*(get(session) for _ in range(5)))


@free("socket_recv")
async def echo_server_and_client():
    async def echo(reader, writer):
        while line := await reader.readline():
            writer.write(line)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    for _ in range(100):
        writer.write(b"hello\n")
        await reader.readline()
    writer.close()
    await writer.wait_closed()
    server.close()
