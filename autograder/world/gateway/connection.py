"""One bot's WebSocket, from HELLO to the close: its reads, its writes and its heartbeats."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from typing import Any

from aiohttp import WSMsgType, web

from autograder.world.gateway.ending import (
    HEARTBEAT,
    INVALID_SESSION,
    Close,
    Cut,
    HeartStopped,
    control,
)
from autograder.world.gateway.hub import Hub
from autograder.world.gateway.payloads import GUILD, Json
from autograder.world.gateway.session import HIGHEST_INTENT, Bot, Session
from autograder.world.gateway.streams import Encoder

# Opcodes that only a connection sends or takes, and the largest payload of a client, in bytes.
DISPATCH, IDENTIFY, PRESENCE, VOICE, RESUME, MEMBERS = 0, 2, 3, 4, 6, 8
HELLO, ACK, SOUNDBOARD, CHANNEL_INFO = 10, 11, 31, 43
LARGEST = 4096

# A connection takes at most 120 events in 60 s, and is then closed (4008). Heartbeats are not
# counted: at the course's interval of 0.2 s, they alone would be 300.
SENDS, SENDS_WINDOW = 120, 60.0

# Seconds to read what already waits in the socket, before a connection counts as late or dead: on a
# busy machine our own timer may be late, and not the heartbeat.
SECOND_LOOK = 0.01

# Seconds to wait for a bot's answer to our close frame. A blocked bot cannot answer, and if we
# closed the socket, a reset could destroy the 4009 before the bot has read it. The bot gets no more
# events in this time.
LINGER = 30.0


class Connection:
    """Speaks the gateway protocol over one WebSocket; `serve` runs until it is closed."""

    def __init__(self, gateway: Hub, request: web.Request, encode: Encoder) -> None:
        self._gateway = gateway
        self._request = request
        self._encode = encode
        self._socket = web.WebSocketResponse(timeout=LINGER, max_msg_size=1 << 20)
        self._outbox: asyncio.Queue[tuple[float, Json]] = asyncio.Queue()  # due, payload
        self._order: asyncio.Future[Close | Cut] = asyncio.get_running_loop().create_future()
        self._sends: deque[float] = deque(maxlen=SENDS)
        self._last_beat = 0.0
        self._failure: BaseException | None = None
        self._hinted = False
        self.session: Session | None = None

    @property
    def bot(self) -> Bot | None:
        return self.session.bot if self.session else None

    @property
    def number(self) -> int:
        return self.session.bot.number if self.session else 0

    def send(self, payload: Json) -> None:
        """Queue a payload; the order of calls is the order on the wire."""
        delay = self._gateway.chaos.delay if payload["op"] == DISPATCH else 0.0
        self._outbox.put_nowait((time.monotonic() + delay, payload))

    def end(self, how: Close | Cut) -> None:
        """Ask `serve` to end this connection immediately."""
        if not self._order.done():
            self._order.set_result(how)

    async def serve(self) -> web.WebSocketResponse:
        try:
            await self._socket.prepare(self._request)
        except ConnectionResetError:  # the client was gone before it got its answer
            self._part()
            return self._socket
        self._last_beat = time.monotonic()
        interval = round(self._gateway.heartbeat * 1000)
        self.send(control(HELLO, {"heartbeat_interval": interval}))
        tasks = [
            asyncio.create_task(part, name=f"gateway {name}")
            for name, part in (
                ("reads", self._read()),
                ("writes", self._write()),
                ("watches", self._watch()),
            )
        ]
        try:
            ends: list[asyncio.Future[Any]] = [*tasks, self._order]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            self._failure = self._why(tasks)
            self._log_end(self._failure)
        finally:
            self._part()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._farewell()
        return self._socket

    # -- the three tasks: each ends by raising Close or Cut, or because the bot has gone ---------

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type is WSMsgType.ERROR:
                return
            if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
                continue
            await self._take(message.data)

    async def _write(self) -> None:
        while True:
            due, payload = await self._outbox.get()
            wait = due - time.monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            times = 1
            if payload["op"] == DISPATCH:
                faults = self._gateway.chaos
                if faults.strikes(faults.drop):
                    raise Cut
                times += faults.strikes(faults.duplicate)
            for _ in range(times):
                frame = self._encode(payload)
                if isinstance(frame, str):
                    await self._socket.send_str(frame)
                else:
                    await self._socket.send_bytes(frame)

    async def _watch(self) -> None:
        """Raise HeartStopped after `dead_after` seconds without a heartbeat; never return.

        The time since the last heartbeat counts, so a bot that stays silent is closed in time.
        """
        gateway = self._gateway
        while True:
            beat = self._last_beat
            if await self._beaten_since(beat, gateway.late_after):
                continue
            gap = round(time.monotonic() - beat, 4)
            handling = self.bot.handling if self.bot else None
            gateway.journal.record("late", self.number, gap=gap, handling=handling)
            if await self._beaten_since(beat, gateway.dead_after):
                continue
            raise HeartStopped

    async def _beaten_since(self, beat: float, after: float) -> bool:
        await asyncio.sleep(beat + after - time.monotonic())
        if self._last_beat == beat:
            await asyncio.sleep(SECOND_LOOK)
        return self._last_beat != beat

    # -- the end -------------------------------------------------------------------------------

    def _why(self, tasks: list[asyncio.Task[None]]) -> BaseException | None:
        """Return what ended the connection; None when the bot closed it itself."""
        if self._order.done():
            return self._order.result()
        return next((task.exception() for task in tasks if task.done()), None)

    def _log_end(self, why: BaseException | None) -> None:
        journal = self._gateway.journal
        match why:
            case HeartStopped():
                gap = round(time.monotonic() - self._last_beat, 4)
                handling = self.bot.handling if self.bot else None
                journal.record("killed", self.number, code=4009, gap=gap, handling=handling)
            case Close():
                journal.record("closed", self.number, code=why.code, by="gateway", why=why.reason)
            case Cut():
                journal.record("closed", self.number, code=1006, by="gateway", why="cut")
            case None | ConnectionError():
                code = self._socket.close_code or 1006
                journal.record("closed", self.number, code=code, by="bot")
                if code in (1000, 1001) and self.session:  # these codes mean: it will not resume
                    self._gateway.forget(self.session)
            case _:
                raise why

    def _part(self) -> None:
        if self.session and self.session.connection is self:
            self.session.part()
        self._gateway.connections.discard(self)

    async def _farewell(self) -> None:
        if isinstance(self._failure, Close):
            code, reason = self._failure.code, self._failure.reason
            await self._socket.close(code=code, message=reason.encode())
        elif isinstance(self._failure, Cut) and self._request.transport:
            self._request.transport.abort()

    # -- what a bot may send ---------------------------------------------------------------------

    async def _take(self, data: str | bytes) -> None:
        size = len(data.encode() if isinstance(data, str) else data)
        if size > LARGEST:
            raise Close(4002, f"Payload of {size} bytes; at most {LARGEST} are allowed.")
        try:
            payload = json.loads(data)
        except (ValueError, RecursionError):
            raise Close(4002, "Error while decoding payload.") from None
        if not isinstance(payload, dict) or not isinstance(payload.get("op"), int):
            raise Close(4002, "Error while decoding payload.")
        op, value = payload["op"], payload.get("d")
        if op == HEARTBEAT:
            self._beat(value)
            return
        self._count_send()
        if op == IDENTIFY:
            self._identify(value)
        elif op == RESUME:
            self._resume(value)
        elif op not in (PRESENCE, VOICE, MEMBERS, SOUNDBOARD, CHANNEL_INFO):
            raise Close(4001, "Unknown opcode.")
        elif self.session is None:
            raise Close(4003, "Not authenticated.")
        elif op == MEMBERS:
            self._send_members(self.session, value)

    def _send_members(self, session: Session, value: Any) -> None:
        """Answer op 8 in one chunk: the members of these ids, or those whose name begins so."""
        form = value if isinstance(value, dict) else {}
        asked, limit = form.get("user_ids") or [], form.get("limit")
        ids = [str(item) for item in (asked if isinstance(asked, list) else [asked])]
        found = self._gateway.named(form.get("query") or "")
        if ids:
            found = [item for item in map(self._gateway.member, ids) if item]
        elif isinstance(limit, int) and limit > 0:
            found = found[:limit]
        chunk = {
            "guild_id": GUILD, "members": found, "chunk_index": 0, "chunk_count": 1,
            "not_found": [item for item in ids if item not in self._gateway.members],
            "presences": [], "nonce": form.get("nonce"),
        }  # fmt: skip
        session.dispatch("GUILD_MEMBERS_CHUNK", chunk)

    def _beat(self, sequence: Any) -> None:
        now = time.monotonic()
        gap, self._last_beat = now - self._last_beat, now
        self._gateway.journal.record("heartbeat", self.number, gap=round(gap, 4), seq=sequence)
        if self.bot:
            self.bot.moved()
        if self._gateway.chaos.acks:
            # Not immediately: discord.py 2.7.1 takes an ACK that follows the heartbeat too closely
            # for the answer to the next one, and reports a whole interval as its latency (25 of 30
            # readings at 0 ms, none at 5 ms and more; Rapptz/discord.py PR #10448).
            later = asyncio.get_running_loop().call_later
            later(self._gateway.ack_delay, self.send, control(ACK))

    def _count_send(self) -> None:
        now = time.monotonic()
        if len(self._sends) == SENDS and now - self._sends[0] < SENDS_WINDOW:
            raise Close(4008, f"More than {SENDS} events in {SENDS_WINDOW:.0f} seconds.")
        self._sends.append(now)

    def _identify(self, value: Any) -> None:
        if self.session is not None:
            raise Close(4005, "Already authenticated.")
        if not isinstance(value, dict):
            raise Close(4002, "Error while decoding payload.")
        bot = self._gateway.bot_of(value.get("token"))
        if bot is None:
            raise Close(4004, "Authentication failed.")
        shard = value.get("shard")
        if shard is not None and not _is_shard(shard):
            raise Close(4010, "Invalid shard.")
        intents = value.get("intents")
        if not isinstance(intents, int) or not 0 <= intents < HIGHEST_INTENT << 1:
            raise Close(4013, "Invalid intent(s).")
        self.session = self._gateway.open_session(bot, intents, shard)
        self.session.connection = self
        properties = value.get("properties")
        library = properties.get("browser") if isinstance(properties, dict) else None
        stream = self._request.query.get("compress")
        self._gateway.journal.record(
            "identify", bot.number, name=bot.account.name, library=library, compress=stream
        )
        self._gateway.welcome(self.session)

    def _resume(self, value: Any) -> None:
        if self.session is not None:
            raise Close(4005, "Already authenticated.")
        if not isinstance(value, dict):
            raise Close(4002, "Error while decoding payload.")
        if self._gateway.bot_of(value.get("token")) is None:
            raise Close(4004, "Authentication failed.")
        session = self._gateway.session(value.get("session_id"), value.get("token"))
        sequence = value.get("seq")
        if not isinstance(sequence, int) or (session and sequence > session.sequence):
            raise Close(4007, "Invalid seq.")
        missed = session.missed(sequence) if session else None
        if session is None or missed is None:
            self._gateway.journal.record("invalid_session", self.number, resumable=False)
            self.send(control(INVALID_SESSION, False))
            return
        if session.connection is not None:  # the old connection is only half open: close it
            session.connection.end(Close(4000, "Resumed elsewhere."))
        self.session, session.connection = session, self
        for payload in missed:
            self.send(payload)
        # RESUMED has the number of the last event and is not kept, so no later replay repeats it.
        self.send({"op": DISPATCH, "t": "RESUMED", "s": session.sequence, "d": {}})
        self._gateway.journal.record("resumed", self.number, replayed=len(missed))

    def hint(self, sentence: str) -> None:
        """Log what the bot's author probably overlooked, once for each connection."""
        if not self._hinted:
            self._hinted = True
            self._gateway.journal.record("hint", self.number, text=sentence)


def _is_shard(value: Any) -> bool:
    match value:
        case [int(number), int(count)]:
            return 0 <= number < count
    return False
