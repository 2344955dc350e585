"""An HTTP server that does what a test asks for, and counts the requests.

| path | answer |
|---|---|
| `/slow?seconds=0.2` | `{"path": "/slow", "number": n}` after 0.2 s; n counts its requests |
| `/ws` | a WebSocket that sends every message back |
| `/ws?seconds=0.2` | the same, 0.2 s after each message |
| any other, such as `/fast` | `{"path": ..., "number": n}` immediately |

`plan` changes what a path does (see `PathPlan`). `hold` holds back a path's replies until a number
of requests have arrived, or until `release` sends them one by one. So a test can prove without a
clock that requests were under way at the same time.
"""

from __future__ import annotations

import asyncio
import json
import math
import random
import time
import weakref
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from autograder.outcomes import UserMistake
from autograder.world.servers.listen import listen

MOST_BODY = 1 << 20  # bytes of a request; the largest of the course has 1 kB
KEPT = 10_000  # requests in the log, and bytes that it keeps of a request's body


@dataclass
class PathPlan:
    """What a path does instead of answering immediately.

    Everything that is set happens, in the order of the fields.
    """

    delay: float = 0.0  # seconds before the answer
    times: int | None = None  # follow the plan for this many requests only
    chance: float = 1.0  # follow the plan with this chance for each request, drawn from `seed`
    seed: int = 0
    reset: bool = False  # cut the connection instead of answering
    limit: int | None = None  # requests in a window; answer 429 to the others, with the rest of
    window: float = 1.0  # ... the window (this many seconds) as Retry-After
    retry_after: float | None = None  # answer 429 with this Retry-After
    status: int = 200
    body: Any = None  # plain data instead of path and number
    bodies: dict[str, Any] = field(default_factory=dict)  # one for each query: {"breed=pug": ...}
    chunks: int = 1  # send the body in this many pieces
    pause: float = 0.0  # ... with this many seconds between them

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._window_began = -1e9
        self._in_window = 0

    def applies(self) -> bool:
        if self.times == 0 or (self.chance < 1 and self._dice.random() >= self.chance):
            return False
        if self.times is not None:
            self.times -= 1
        return True

    def refusal(self) -> float | None:
        """Return the seconds after which to try again; None when the request is accepted."""
        if self.retry_after is not None or self.limit is None:
            return self.retry_after
        now = time.monotonic()
        if now - self._window_began >= self.window:
            self._window_began, self._in_window = now, 0
        self._in_window += 1
        return self._window_began + self.window - now if self._in_window > self.limit else None


class Hold:
    """The replies of a path that are held back, until `until` requests are there or a release."""

    def __init__(self, until: int | None) -> None:
        self._until = until
        self._arrived = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def wait(self) -> None:
        self._arrived += 1
        if self._until is not None and self._arrived >= self._until:
            self.release(len(self._waiting))
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    def release(self, number: int) -> int:
        """Answer the requests that have waited longest; return how many that were."""
        released = 0
        while self._waiting and released < number:
            turn = self._waiting.popleft()
            if not turn.done():  # a request whose client gave up does not count
                turn.set_result(None)
                released += 1
        return released


@dataclass
class Tally:
    """Counts of requests: all, those under way now, the most that were under way together."""

    requests: int = 0
    open: int = 0
    peak: int = 0

    def enter(self) -> int:
        self.requests += 1
        self.open += 1
        self.peak = max(self.peak, self.open)
        return self.requests


@dataclass
class HttpTraffic:
    """What was counted since a reset. A request counts here if it arrived before the next reset."""

    all: Tally = field(default_factory=Tally)
    paths: dict[str, Tally] = field(default_factory=dict)
    special: Counter[str] = field(default_factory=Counter)
    peak_connections: int = 0
    connections: weakref.WeakKeyDictionary[Any, int] = field(
        default_factory=weakref.WeakKeyDictionary
    )
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=KEPT))


class Http:
    """A `Server` of the world (see `supervisor.py`)."""

    shared = False
    controls = frozenset({"plan", "hold", "release", "arrived", "log"})

    def __init__(self) -> None:
        self._runner: web.AppRunner | None = None
        self._seen = HttpTraffic()
        self._plans: dict[str, PathPlan] = {}
        self._holds: dict[str, Hold] = {}
        self._changed = asyncio.Event()

    async def start(self) -> dict[str, Any]:
        app = web.Application(client_max_size=MOST_BODY)
        app.router.add_get("/ws", self._echo)
        app.router.add_route("*", "/{path:.*}", self._answer)
        # With handler_cancellation the server notices immediately that a client has given up.
        self._runner, port = await listen(app, 0, "the HTTP server", handler_cancellation=True)
        return {"url": f"http://127.0.0.1:{port}", "ws_url": f"ws://127.0.0.1:{port}/ws"}

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def counters(self) -> dict[str, Any]:
        """Return the counts since the last reset.

        These are requests, open, peak (requests under way together), connections,
        peak_connections, refused (429), aborted (the client gave up), messages (WebSocket), and
        `paths` with the first three for each path.
        """
        seen = self._seen
        return {
            **vars(seen.all),
            "connections": seen.special["connections"],
            "peak_connections": seen.peak_connections,
            "refused": seen.special["refused"],
            "aborted": seen.special["aborted"],
            "messages": seen.special["messages"],
            "paths": {path: dict(vars(tally)) for path, tally in seen.paths.items()},
        }

    async def reset(self) -> None:
        for path in list(self._holds):
            self._let_go(path)
        self._plans.clear()
        self._seen = HttpTraffic()

    # -- its controls ----------------------------------------------------------------------------

    def plan(self, path: str, **what: Any) -> None:
        """Change what a path does (see `PathPlan`); with the path alone it answers immediately."""
        self._plans[_known(path)] = PathPlan(**what)

    def hold(self, path: str, until: int | None = None) -> None:
        """Hold back a path's replies until `until` requests have arrived from now on.

        None: until `release`.
        """
        self._let_go(_known(path))
        self._holds[path] = Hold(until)

    def release(self, path: str, number: int | None = None) -> int:
        """Answer `number` of the held requests, return how many; None: all, and end the hold.

        Raises UserMistake when the path is not held.
        """
        if path not in self._holds:
            raise UserMistake(f"nothing is held at {path!r}: `await http.hold(path=...)` first")
        return self._let_go(path) if number is None else self._holds[path].release(number)

    async def arrived(self, number: int, path: str | None = None, timeout: float = 5.0) -> bool:
        """Wait until `number` requests have come since the last reset; False after `timeout` s."""
        try:
            async with asyncio.timeout(timeout):
                while self._tally(path).requests < number:
                    await self._changed.wait()
        except TimeoutError:
            return False
        return True

    def log(self) -> list[dict[str, Any]]:
        """Return the last requests: method, path, query, body, connection, `at`, status, seconds.

        `at` is monotonic, and `seconds` is the time until the answer. While a request is under
        way, status and seconds are missing.
        """
        return list(self._seen.log)

    def _let_go(self, path: str) -> int:
        hold = self._holds.pop(path, None)
        return hold.release(KEPT) if hold else 0

    def _tally(self, path: str | None) -> Tally:
        return self._seen.paths.get(path, Tally()) if path else self._seen.all

    # -- a request -------------------------------------------------------------------------------

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read())[:KEPT].decode(errors="replace")
        return await self._counted(request, body, self._respond)

    async def _echo(self, request: web.Request) -> web.StreamResponse:
        return await self._counted(request, "", self._echo_messages)

    async def _counted(
        self,
        request: web.Request,
        body: str,
        respond: Callable[[web.Request, HttpTraffic, int], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        seen, path, began = self._seen, request.path, time.monotonic()
        known = path in seen.paths or len(seen.paths) < KEPT
        tally = seen.paths.setdefault(path, Tally()) if known else Tally()
        seen.all.enter()
        number = tally.enter()
        entry: dict[str, Any] = {
            "method": request.method,
            "path": path,
            "query": dict(request.query),
            "body": body,
            "connection": self._connection(seen, request),
            "at": began,
        }
        seen.log.append(entry)
        self._changed.set()
        self._changed = asyncio.Event()
        try:
            response = await respond(request, seen, number)
            entry["status"] = response.status
            return response
        except asyncio.CancelledError:
            seen.special["aborted"] += 1
            raise
        finally:
            seen.all.open -= 1
            tally.open -= 1
            entry["seconds"] = round(time.monotonic() - began, 4)

    def _connection(self, seen: HttpTraffic, request: web.Request) -> int:
        """Return the number of the TCP connection that carries this request."""
        assert self._runner is not None
        assert self._runner.server is not None
        open_now = len(self._runner.server.connections)
        seen.peak_connections = max(seen.peak_connections, open_now)
        if request.transport not in seen.connections:
            seen.special["connections"] += 1
            seen.connections[request.transport] = seen.special["connections"]
        return seen.connections[request.transport]

    async def _respond(
        self, request: web.Request, seen: HttpTraffic, number: int
    ) -> web.StreamResponse:
        path = request.path
        if path in self._holds:
            await self._holds[path].wait()
        plan = self._plans.get(path)
        if plan is None or not plan.applies():
            plan = PathPlan(delay=_seconds(request) if path == "/slow" else 0.0)
        if plan.delay:
            await asyncio.sleep(plan.delay)
        if plan.reset and request.transport is not None:
            request.transport.abort()
        wait = plan.refusal()
        if wait is not None:
            seen.special["refused"] += 1
            wait = math.ceil(wait * 1000) / 1000  # rounded up: a client that obeys is never early
            problem = {"message": "You are being rate limited.", "retry_after": wait}
            return _json(problem, 429, {"Retry-After": f"{wait:.3f}"})
        body = {"path": path, "number": number} if plan.body is None else plan.body
        body = plan.bodies.get(request.query_string, body)
        if plan.chunks == 1:
            return _json(body, plan.status)
        return await _in_pieces(request, json.dumps(body).encode(), plan)

    async def _echo_messages(
        self, request: web.Request, seen: HttpTraffic, number: int
    ) -> web.StreamResponse:
        socket = web.WebSocketResponse(timeout=1.0)
        await socket.prepare(request)
        delay = _seconds(request) if "seconds" in request.query else 0.0
        async for message in socket:
            seen.special["messages"] += 1
            await asyncio.sleep(delay)
            if message.type is WSMsgType.TEXT:
                await socket.send_str(message.data)
            elif message.type is WSMsgType.BINARY:
                await socket.send_bytes(message.data)
        return socket


def _known(path: str) -> str:
    if not path.startswith("/"):
        raise UserMistake(f"{path!r} is not a path of the HTTP server: begin it with a slash")
    return path


def _seconds(request: web.Request) -> float:
    try:
        return float(request.query.get("seconds", "0.2"))
    except ValueError:
        raise web.HTTPBadRequest(text="/slow?seconds= takes a number") from None


def _json(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    return web.json_response(value, status=status, headers=headers)


async def _in_pieces(request: web.Request, data: bytes, plan: PathPlan) -> web.StreamResponse:
    response = web.StreamResponse(status=plan.status)
    response.content_type = "application/json"
    response.content_length = len(data)
    await response.prepare(request)
    size = -(-len(data) // plan.chunks)
    for start in range(0, len(data), size):
        await response.write(data[start : start + size])
        await asyncio.sleep(plan.pause)
    return response
