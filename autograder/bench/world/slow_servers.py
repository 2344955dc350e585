"""Servers on loopback that answer late, in a process of their own; blocking calls wait for them.

`servers()` starts them once per process. They end with this process (at the end of their stdin).
Every answer comes `DELAY` seconds after the request. `poke` is a datagram, so that sending it from
a snippet cannot itself block: `write PATH` opens a FIFO and writes a line after the delay, `drain
PATH` opens it immediately and starts to read after the delay.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DELAY = 0.2


@dataclass(frozen=True)
class SlowServers:
    """Addresses of the slow servers of this process."""

    http: str
    greeting: int
    dns: int
    poke_port: int
    folder: Path
    poker: socket.socket = field(default_factory=lambda: socket.socket(type=socket.SOCK_DGRAM))

    def poke(self, what: str) -> None:
        """Ask for something to happen after the delay, without waiting."""
        self.poker.sendto(what.encode(), ("127.0.0.1", self.poke_port))

    def fifo(self) -> str:
        """Return the path of a fresh FIFO."""
        path = self.folder / f"fifo-{time.monotonic_ns()}"
        os.mkfifo(path)
        return str(path)


@functools.cache
def servers() -> SlowServers:
    """Start the servers, or return the running ones."""
    process = subprocess.Popen(
        [sys.executable, "-m", "autograder.bench.world.slow_servers"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    ports = json.loads(process.stdout.readline())
    _running.append(process)
    folder = Path(tempfile.mkdtemp(prefix="corpus-"))
    return SlowServers(
        f"http://127.0.0.1:{ports['http']}/", ports["greeting"], ports["dns"], ports["poke"], folder
    )


_running: list[subprocess.Popen[str]] = []  # keeps the pipe to their stdin open


async def _http(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while (await reader.readline()).strip():
            pass
        await asyncio.sleep(DELAY)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
        await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


async def _greeting(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await asyncio.sleep(DELAY)
        writer.write(b"220 ready\r\n")
        await reader.read()
    except OSError:
        pass
    finally:
        writer.close()


class _Late(asyncio.DatagramProtocol):
    """Answers DNS queries, after the delay, with 127.0.0.1."""

    def connection_made(self, transport: Any) -> None:
        self.transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        asyncio.get_running_loop().call_later(DELAY, self._answer, data, addr)

    def _answer(self, data: bytes, addr: tuple[str, int]) -> None:
        end = 12
        while data[end]:
            end += data[end] + 1
        end += 5  # the root label, type and class
        head = data[:2] + b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00"
        record = b"\xc0\x0c\x00\x01\x00\x01\x00\x00\x00\x3c\x00\x04\x7f\x00\x00\x01"
        self.transport.sendto(head + data[12:end] + record, addr)


class _Poked(asyncio.DatagramProtocol):
    """Does with a FIFO what a datagram says; blocking calls, hence a thread each."""

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        verb, path = data.decode().split(" ", 1)
        action = {"write": _write, "drain": _drain}[verb]
        threading.Thread(target=action, args=(path,), daemon=True).start()


def _write(path: str) -> None:
    time.sleep(DELAY)
    with open(path, "w") as fifo:
        fifo.write("late\n")


def _drain(path: str) -> None:
    with open(path, "rb") as fifo:
        time.sleep(DELAY)
        while fifo.read(65536):
            pass


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    http = await asyncio.start_server(_http, "127.0.0.1", 0)
    greeting = await asyncio.start_server(_greeting, "127.0.0.1", 0)
    local = ("127.0.0.1", 0)
    dns, _ = await loop.create_datagram_endpoint(_Late, local_addr=local)
    poke, _ = await loop.create_datagram_endpoint(_Poked, local_addr=local)
    ports = {
        "http": http.sockets[0].getsockname()[1],
        "greeting": greeting.sockets[0].getsockname()[1],
        "dns": dns.get_extra_info("sockname")[1],
        "poke": poke.get_extra_info("sockname")[1],
    }
    print(json.dumps(ports), flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve())
