"""An authoritative DNS server over UDP and TCP, which delays its answers as a test asks for.

| name | answer |
|---|---|
| `x-450ms.bot.test`, or any first label with such an end | 127.0.0.1 after 0.45 s |
| `missing.bot.test`, `x.missing.bot.test` | NXDOMAIN |
| `silent.bot.test` | never an answer |
| any other name below `bot.test` | 127.0.0.1 immediately |
| a name that was given to `plan` | the planned answer |
| a name outside of `bot.test` | REFUSED |
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
import time
from collections import Counter, deque
from dataclasses import dataclass, replace
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from autograder.outcomes import UserMistake

ZONE = dns.name.from_text("bot.test.")
KEPT = 10_000
LARGEST_UDP = 512  # bytes, without EDNS: a longer reply is truncated; clients ask again over TCP
LARGEST = 65535
_LATE = re.compile(r"-(\d+)ms$")


@dataclass(frozen=True)
class NamePlan:
    """The answer for one name."""

    addresses: tuple[str, ...] = ("127.0.0.1",)
    delay: float = 0.0  # seconds
    missing: bool = False
    silent: bool = False


class Dns:
    """A `Server` of the world (see `supervisor.py`); address: address, host, port."""

    shared = False
    controls = frozenset({"plan", "log"})

    def __init__(self) -> None:
        self._plans: dict[str, NamePlan] = {}
        self._udp: asyncio.DatagramTransport | None = None
        self._tcp: asyncio.Server | None = None
        self._answers: set[asyncio.Task[None]] = set()
        self._begin()

    async def start(self) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        for _ in range(20):  # a port that is free for UDP may be taken for TCP
            udp, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=("127.0.0.1", 0)
            )
            port = udp.get_extra_info("sockname")[1]
            try:
                self._tcp = await asyncio.start_server(self._stream, "127.0.0.1", port)
            except OSError:
                udp.close()
                continue
            self._udp = udp
            return {"address": f"127.0.0.1:{port}", "host": "127.0.0.1", "port": port}
        raise UserMistake("the DNS server found no port that is free for UDP and TCP: try again")

    async def stop(self) -> None:
        for task in self._answers:
            task.cancel()
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()

    def counters(self) -> dict[str, Any]:
        """Return the counts since the last reset.

        These are queries, udp, tcp, running and peak_running (queries without an answer yet), and
        `names` with the number of queries for each name.
        """
        return {
            "queries": self._seen["udp"] + self._seen["tcp"],
            "udp": self._seen["udp"],
            "tcp": self._seen["tcp"],
            "running": self._running,
            "peak_running": self._peak,
            "names": dict(self._names),
        }

    async def reset(self) -> None:
        self._plans.clear()
        self._begin()

    def _begin(self) -> None:
        self._seen: Counter[str] = Counter()
        self._names: Counter[str] = Counter()
        self._running = self._peak = 0
        self._generation = object()  # a query from before a reset must not reduce `_running`
        self._log: deque[dict[str, Any]] = deque(maxlen=KEPT)

    # -- its controls ------------------------------------------------------------------------------

    def plan(self, name: str, addresses: list[str] | None = None, **what: Any) -> None:
        """Set the answer for a name below bot.test: `addresses`, `delay` (s), `missing`, `silent`.

        Raises UserMistake for a name outside of bot.test.
        """
        if not _absolute(name).is_subdomain(ZONE):
            raise UserMistake(f"{name!r} is not below bot.test, which is all this server knows")
        plan = NamePlan(**what)
        if addresses:
            plan = replace(plan, addresses=tuple(addresses))
        self._plans[_key(_absolute(name))] = plan

    def log(self) -> list[dict[str, Any]]:
        """Return the last queries: name, type, over ("udp" or "tcp"), `at` (monotonic)."""
        return list(self._log)

    # -- a query -----------------------------------------------------------------------------------

    def datagram(self, data: bytes, sender: tuple[str, int]) -> None:
        task = asyncio.create_task(self._answer_datagram(data, sender))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    async def _answer_datagram(self, data: bytes, sender: tuple[str, int]) -> None:
        wire = await self._answer(data, "udp")
        if wire is not None and self._udp is not None and not self._udp.is_closing():
            self._udp.sendto(wire, sender)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                (length,) = struct.unpack("!H", await reader.readexactly(2))
                wire = await self._answer(await reader.readexactly(length), "tcp")
                if wire is not None:
                    writer.write(struct.pack("!H", len(wire)) + wire)
                    await writer.drain()
        except (EOFError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, data: bytes, over: str) -> bytes | None:
        try:
            query = dns.message.from_wire(data)
        except dns.exception.DNSException:
            return None
        if not query.question:
            return None
        name, kind = query.question[0].name, query.question[0].rdtype
        self._note(name, kind, over)
        generation = self._generation
        self._running += 1
        self._peak = max(self._peak, self._running)
        plan = self._planned(name)
        try:
            await asyncio.sleep(plan.delay)
        finally:
            if generation is self._generation:
                self._running -= 1
        if plan.silent:
            return None
        reply = _reply(query, plan)
        wire = reply.to_wire(max_size=LARGEST)
        if over == "udp" and len(wire) > max(LARGEST_UDP, query.payload):
            reply.answer.clear()
            reply.flags |= dns.flags.TC
            wire = reply.to_wire(max_size=LARGEST)
        return wire

    def _note(self, name: dns.name.Name, kind: dns.rdatatype.RdataType, over: str) -> None:
        self._seen[over] += 1
        self._names[_key(name)] += 1
        entry = {"name": _key(name), "type": kind.name, "over": over, "at": time.monotonic()}
        self._log.append(entry)

    def _planned(self, name: dns.name.Name) -> NamePlan:
        labels = _key(name).split(".")
        if _key(name) in self._plans:
            return self._plans[_key(name)]
        if "missing" in labels:
            return NamePlan(missing=True)
        if "silent" in labels:
            return NamePlan(silent=True)
        late = _LATE.search(labels[0])
        return NamePlan(delay=int(late[1]) / 1000 if late else 0.0)


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, server: Dns) -> None:
        self._server = server

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        self._server.datagram(data, addr)


def _reply(query: dns.message.Message, plan: NamePlan) -> dns.message.Message:
    reply = dns.message.make_response(query)
    reply.flags |= dns.flags.AA
    question = query.question[0]
    if not question.name.is_subdomain(ZONE):
        reply.set_rcode(dns.rcode.REFUSED)
    elif plan.missing:
        reply.set_rcode(dns.rcode.NXDOMAIN)
    else:
        version = {dns.rdatatype.A: socket.AF_INET, dns.rdatatype.AAAA: socket.AF_INET6}
        family = version.get(question.rdtype)
        fitting = [address for address in plan.addresses if _family(address) == family]
        if fitting:
            kind = question.rdtype.name
            reply.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *fitting))
    return reply


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def _absolute(name: str) -> dns.name.Name:
    return dns.name.from_text(name)


def _key(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()
