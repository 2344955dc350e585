"""Names of machines: the C library's getaddrinfo, on the loop and in threads."""

import asyncio
import functools
import socket
import time
from concurrent.futures import ThreadPoolExecutor

from autograder.bench.probe.labels import blocks, free
from autograder.bench.probe.sizing import LONG, SHORT, sized
from autograder.bench.world.slow_servers import servers


@functools.cache
def lookups(seconds=LONG):
    """So many lookups of this machine's own name take so long."""

    def work(count):
        for _ in range(count):
            socket.getaddrinfo("localhost", 80)

    return (sized(work, seconds, start=100),)


@blocks(LONG, kind="cpu", given=lookups)
async def getaddrinfo_again_and_again(count):
    for _ in range(count):  # <- blocks
        socket.getaddrinfo("localhost", 80)  # <- blocks


@free("getaddrinfo_again_and_again", given=lambda: lookups(SHORT))
async def getaddrinfo_a_few_times(count):
    for _ in range(count):
        socket.getaddrinfo("localhost", 80)


@free("getaddrinfo_again_and_again", given=lookups)
async def getaddrinfo_in_one_thread(count):
    def work():
        for _ in range(count // 8):
            socket.getaddrinfo("localhost", 80)

    await asyncio.to_thread(work)


@free("getaddrinfo_again_and_again")
async def getaddrinfo_of_the_loop():
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.getaddrinfo("localhost", port) for port in range(80, 100)))


@free("getaddrinfo_again_and_again")
async def getaddrinfo_of_the_loop_behind_a_full_pool():
    """The lookup is late, the loop is not: the default pool has no thread left for it."""
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(2))
    sleeping = [asyncio.create_task(asyncio.to_thread(time.sleep, 0.08)) for _ in range(2)]
    await asyncio.sleep(0)
    await loop.getaddrinfo("localhost", 80)
    await asyncio.gather(*sleeping)


@blocks(0.2, kind="sleep", given=lambda: (servers(),))
async def create_connection_of_socket(at):
    """The blocking twin of open_connection: the lookup, the connection, and the first line."""
    with socket.create_connection(("localhost", at.greeting)) as connection:
        connection.recv(100)  # <- blocks


@free("create_connection_of_socket", given=lambda: (servers(),))
async def open_connection_by_name(at):
    reader, writer = await asyncio.open_connection("localhost", at.greeting)
    await reader.read(100)
    writer.close()


@free("create_connection_of_socket", given=lambda: (servers(),))
async def getnameinfo_of_the_loop(at):
    await asyncio.get_running_loop().getnameinfo(("127.0.0.1", at.greeting))
