"""The door of Discord's REST API: finds the route of a call, and answers it as Discord does.

The routes are in the tables `ROUTES` of the files beside this one. What no table has is answered
with 501 and told in the journal: the author of a bot has to see that the gateway lacks it.
"""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from autograder.world.gateway import (
    accounts,
    guild,
    interactions,
    limits,
    messages,
    table,
    threads,
    webhooks,
)
from autograder.world.gateway.call import Call, InvalidForm, Refused, Reply, Upload
from autograder.world.gateway.hub import Hub
from autograder.world.gateway.payloads import Json
from autograder.world.gateway.session import Bot

VERSION = re.compile(r"^/api(/v\d+)?(?=/)")  # Discord serves paths without a version, too
GATEWAY: web.AppKey[Hub] = web.AppKey("gateway")

# A later table takes precedence: what the table of resources does for all kinds is done in another
# way for some.
TABLES = (table, accounts, guild, messages, threads, webhooks, interactions)
ROUTES: table.Routes = {route: do for each in TABLES for route, do in each.ROUTES.items()}

# Calls that have a token of their own in their path, and the one that needs none.
OPEN = ("/webhooks/{webhook}/{token}", "/interactions/", "/gateway")

Found = tuple[str, dict[str, str]]  # a route, and what stands in its braces


def _tree() -> Json:
    """Return the routes as nested dicts: one level for each part of the path, None at the end."""
    root: Json = {}
    for route in ROUTES:
        method, path = route.split()
        node = root.setdefault(method, {})
        for part in path.split("/")[1:]:
            name = part[1:-1] if part.startswith("{") else None
            node = node.setdefault("{}" if name else part, {})
        node[None] = route
    return root


TREE = _tree()


def route_of(method: str, path: str) -> Found | None:
    """Return the route of a path, as it stands in the tables. A literal part goes before braces."""
    parts = [unquote(part) for part in path.split("/")[1:]]
    found = _walk(TREE.get(method, {}), parts)
    if found is None:
        return None
    names = found.split()[1].split("/")[1:]
    pairs = zip(names, parts, strict=True)
    return found, {name[1:-1]: part for name, part in pairs if name.startswith("{")}


def _walk(node: Json, parts: list[str]) -> str | None:
    if not parts:
        found: str | None = node.get(None)  # type: ignore[call-overload]
        return found
    for key in (parts[0], "{}"):
        if key in node and (found := _walk(node[key], parts[1:])):
            return found
    return None


def answer(value: Any, status: int = 200, headers: Any = None) -> web.Response:
    """Return a response with JSON whose content type is exactly `application/json`.

    discord.py, nextcord and disnake compare the type with `==`. `web.json_response` adds
    `; charset=utf-8`, and then their login fails with a TypeError.
    """
    if value is None:
        return web.Response(status=204, headers=headers)
    body = json.dumps(value).encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def add_routes(app: web.Application) -> None:
    app.router.add_route("*", "/api/{path:.*}", _serve)
    app.router.add_get("/attachments/{path:.*}", _file)


async def _file(request: web.Request) -> web.Response:
    """Send back an uploaded file: the address that stands in an attachment."""
    found = request.app[GATEWAY].files.get(request.rel_url.raw_path)
    if found is None:
        return web.Response(status=404, text="This content is no longer available.")
    return web.Response(body=found[1], headers={"Content-Type": found[0]})


async def _serve(request: web.Request) -> web.Response:
    """Check the token, inject faults, find the route, and turn mistakes into Discord's bodies."""
    hub = request.app[GATEWAY]
    path = VERSION.sub("", request.rel_url.raw_path)
    found = route_of(request.method, path)
    bot = hub.bot_of(request.headers.get("Authorization", ""))
    known = found[0].split()[1] if found else ""
    bucket = (found[0] if found else request.method).replace(" ", ":")
    try:
        if bot is None and not known.startswith(OPEN[:2]) and known != OPEN[2]:
            hub.journal.record("refused", code=401, path=request.path)
            raise Refused(401, 0, "401: Unauthorized")
        if bot is not None:
            bot.moved()
        if hub.chaos.strikes(hub.chaos.errors):
            number = bot.number if bot else 0
            hub.journal.record("fault", number, status=502, path=request.path)
            raise Refused(502, 0, "502: Bad Gateway")
        if found is None:
            raise _unserved(hub, bot, request.method, path)
        call = await _call(hub, bot, request, found)
        if "guild" in call.ids and not known.startswith("/applications/"):
            call.enter_guild()
        value = _do(call)
        reply = value if isinstance(value, Reply) else Reply(value)
        return answer(reply.value, reply.status, {**limits.free(bucket), **reply.headers})
    except Refused as refused:
        headers = {**limits.free(bucket), **refused.headers}
        return answer(refused.body, refused.status, headers)


def _do(call: Call) -> table.Answer:
    try:
        return ROUTES[call.route](call)
    except (AttributeError, TypeError, ValueError) as error:  # text where a list should be, ...
        raise InvalidForm(f"a field has the wrong type: {error}") from error


def _unserved(hub: Hub, bot: Bot | None, method: str, path: str) -> Refused:
    """Tell that the gateway lacks a route."""
    call = f"{method} {unquote(path)}"
    hub.journal.record("unserved", bot.number if bot else 0, call=call)
    return Refused(501, 0, f"this gateway does not serve {call}")


async def _call(hub: Hub, bot: Bot | None, request: web.Request, found: Found) -> Call:
    body, files = await _read(request)
    reason = request.headers.get("X-Audit-Log-Reason")
    told = unquote(reason) if reason else None
    return Call(hub, bot, found[0], found[1], request.query, body, files, told)


async def _read(request: web.Request) -> tuple[Any, tuple[Upload, ...]]:
    """Return the body and the files of a request.

    The body comes alone, or as `payload_json` in a form: beside files, and from py-cord also
    without. Other fields of a form are the body themselves.
    """
    kind = request.content_type
    if not kind.startswith("multipart/") and kind != "application/x-www-form-urlencoded":
        return _json(await request.read()), ()
    try:
        form = await request.post()
    except web.HTTPRequestEntityTooLarge:
        raise Refused(413, 40005, "Request entity too large") from None
    files = []
    fields: Json = {}
    for name, value in form.items():
        if isinstance(value, web.FileField):
            data = value.file.read()
            files.append(Upload(name, value.filename, value.content_type, data))
        elif isinstance(value, str):
            fields[name] = value
    payload = fields.pop("payload_json", None)
    return (_json(payload.encode()) if payload is not None else fields), tuple(files)


def _json(raw: bytes) -> Any:
    if not raw:
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise Refused(400, 50109, "The request body contains invalid JSON.") from None
