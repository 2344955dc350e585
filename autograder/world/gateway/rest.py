"""The part of Discord's REST API that a bot needs to log in and to send messages."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Handler

from autograder.world.gateway import payloads
from autograder.world.gateway.hub import Hub
from autograder.world.gateway.payloads import CHANNELS, Json, now
from autograder.world.gateway.session import Bot

GATEWAY: web.AppKey[Hub] = web.AppKey("gateway")
PREFIX = r"/api/v{version:\d+}"


def answer(value: Any, status: int = 200, headers: dict[str, str] | None = None) -> web.Response:
    """Return a response with JSON whose content type is exactly `application/json`.

    discord.py, nextcord and disnake compare the type with `==`. `web.json_response` adds
    `; charset=utf-8`, and then their login fails with a TypeError.
    """
    body = json.dumps(value).encode()
    return web.Response(body=body, status=status, headers=headers, content_type="application/json")


def problem(status: int, message: str, code: int = 0, **more: Any) -> web.Response:
    return answer({"message": message, "code": code, **more}, status)


async def body_of(request: web.Request) -> Json:
    """Return the JSON of a request, which may come alone or together with attached files.

    Raises InvalidForm when a field has the wrong type, ValueError when it is not JSON.
    """
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        text = form.get("payload_json", "{}")
        value = json.loads(text if isinstance(text, str) else "{}")
    else:
        raw = await request.read()
        value = json.loads(raw) if raw else {}
    return _form(value)


# The fields that this file and `interactions.py` read. Other fields are sent back unchanged.
FORM: dict[str, type] = {
    "content": str,
    "components": list,
    "data": dict,
    "embeds": list,
    "flags": int,
    "message_reference": dict,
    "name": str,
    "options": list,
}


class InvalidForm(ValueError):
    """A field of the body does not have the type that Discord documents."""


def _form(value: Any) -> Json:
    if not isinstance(value, dict):
        raise InvalidForm("it is not an object")
    for name, kind in FORM.items():
        if not isinstance(value.get(name), kind | None):
            raise InvalidForm(f"{name} is not a {kind.__name__}")
    if value.get("data"):
        _form(value["data"])
    return value


def add_routes(app: web.Application) -> None:
    app.middlewares.extend((_local_only, _front_door))
    channel = PREFIX + "/channels/{channel}"
    message = channel + r"/messages/{message:\d+}"
    reaction = message + "/reactions/{emoji}/{user}"
    application = PREFIX + "/applications/{application}"
    add = app.router.add_route
    add("GET", PREFIX + "/gateway", _gateway)
    add("GET", PREFIX + "/gateway/bot", _gateway_bot)
    add("GET", PREFIX + "/users/@me", _me)
    add("GET", PREFIX + "/users/@me/guilds", _my_guilds)
    add("POST", PREFIX + "/users/@me/channels", _open_direct)
    add("GET", PREFIX + "/users/{user}", _user)
    add("GET", PREFIX + "/oauth2/applications/@me", _application)
    add("GET", PREFIX + "/applications/@me", _application)
    add("GET", PREFIX + "/guilds/{guild}", _guild)
    add("GET", PREFIX + "/guilds/{guild}/channels", _guild_channels)
    add("GET", PREFIX + "/guilds/{guild}/members/{user}", _guild_member)
    add("GET", channel, _channel)
    add("POST", channel + "/typing", _typing)
    add("POST", channel + "/messages", _send)
    add("GET", channel + "/messages", _history)
    add("GET", message, _message)
    add("PATCH", message, _edit)
    add("DELETE", message, _delete)
    add("PUT", reaction, _no_content)
    add("DELETE", reaction, _no_content)
    for commands in (application + "/commands", application + "/guilds/{guild}/commands"):
        add("GET", commands, _commands)
        add("PUT", commands, _replace_commands)
        add("POST", commands, _add_command)


@web.middleware
async def _local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse a page of the web, whose scripts run in a browser of this machine.

    A bot names this machine as the host, and no origin. (A name of the web may lead to 127.0.0.1.)
    """
    origin = request.headers.get("Origin")
    if not _is_local(request.headers.get("Host", "")) or (origin and not _is_local(origin)):
        raise web.HTTPForbidden(text="this gateway serves its own machine only: use 127.0.0.1")
    return await handler(request)


def _is_local(host: str) -> bool:
    """Whether a Host header, or an Origin, names this machine."""
    try:
        name = urlsplit(host if "//" in host else f"//{host}").hostname
    except ValueError:
        return False
    return name in ("127.0.0.1", "localhost", "::1")


@web.middleware
async def _front_door(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Check the token, inject faults, and turn mistakes into Discord's error bodies."""
    if not request.path.startswith("/api/"):
        return await handler(request)
    gateway = request.app[GATEWAY]
    # Interactions and webhooks have their own token in the path; `/gateway` needs none.
    open_door = request.match_info.get("token") or request.path.endswith("/gateway")
    bot = gateway.bot_of(request.headers.get("Authorization", ""))
    if bot is None and not open_door:
        gateway.journal.record("refused", code=401, path=request.path)
        return problem(401, "401: Unauthorized")
    if bot is not None:
        bot.moved()
    if gateway.chaos.strikes(gateway.chaos.errors):
        gateway.journal.record("fault", bot.number if bot else 0, status=502, path=request.path)
        return problem(502, "502: Bad Gateway")
    try:
        return await handler(request)
    except web.HTTPException as error:
        return problem(error.status, f"{error.status}: {error.reason}")
    except InvalidForm as error:
        return problem(400, "Invalid Form Body", 50035, errors={"_errors": [str(error)]})
    except ValueError:
        return problem(400, "The request body contains invalid JSON.", 50109)


def _bot(request: web.Request) -> Bot:
    """Return the bot that makes this request; `_front_door` has checked its token."""
    bot = request.app[GATEWAY].bot_of(request.headers.get("Authorization", ""))
    assert bot is not None
    return bot


# -- who am I, where do I connect ------------------------------------------------------------


async def _gateway(request: web.Request) -> web.Response:
    return answer({"url": request.app[GATEWAY].ws_url})


async def _gateway_bot(request: web.Request) -> web.Response:
    limit = {"total": 1000, "remaining": 999, "reset_after": 86_400_000, "max_concurrency": 16}
    return answer({"url": request.app[GATEWAY].ws_url, "shards": 1, "session_start_limit": limit})


async def _me(request: web.Request) -> web.Response:
    return answer(_bot(request).account.own_user())


async def _application(request: web.Request) -> web.Response:
    return answer(payloads.application(_bot(request).account))


async def _user(request: web.Request) -> web.Response:
    for account in request.app[GATEWAY].accounts():
        if account.id == request.match_info["user"]:
            return answer(account.user())
    return problem(404, "Unknown User", 10013)


# -- the guild ---------------------------------------------------------------------------------


async def _my_guilds(request: web.Request) -> web.Response:
    guild = {"id": payloads.GUILD, "name": "Unblocked", "icon": None, "owner": False}
    return answer([{**guild, "permissions": payloads.ALL_PERMISSIONS, "features": []}])


async def _guild(request: web.Request) -> web.Response:
    if request.match_info["guild"] != payloads.GUILD:
        return problem(404, "Unknown Guild", 10004)
    return answer(payloads.guild(request.app[GATEWAY].accounts()))


async def _guild_channels(request: web.Request) -> web.Response:
    return answer([payloads.channel(name) for name in CHANNELS])


async def _guild_member(request: web.Request) -> web.Response:
    for account in request.app[GATEWAY].accounts():
        if account.id == request.match_info["user"]:
            return answer({**account.member(), "user": account.user()})
    return problem(404, "Unknown Member", 10007)


async def _channel(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    wanted = request.match_info["channel"]
    for name, identity in CHANNELS.items():
        if identity == wanted:
            return answer(payloads.channel(name))
    for person in gateway.people.values():
        if gateway.direct_id(person) == wanted:
            return answer(payloads.direct_channel(wanted, person))
    return problem(404, "Unknown Channel", 10003)


async def _open_direct(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    wanted = str((await body_of(request)).get("recipient_id"))
    for person in gateway.people.values():
        if person.id == wanted:
            return answer(payloads.direct_channel(gateway.direct_id(person), person))
    return problem(404, "Unknown User", 10013)


# -- messages ----------------------------------------------------------------------------------


async def _typing(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    channel = gateway.channel_name(request.match_info["channel"])
    gateway.journal.record("typing", _bot(request).number, channel=channel)
    return web.Response(status=204)


async def _send(request: web.Request) -> web.Response:
    gateway = request.app[GATEWAY]
    bot = _bot(request)
    identity = request.match_info["channel"]
    channel = gateway.channel_name(identity)
    if channel is None:
        return problem(404, "Unknown Channel", 10003)
    refused = _too_many(gateway, bot, identity)
    if refused is not None:
        return refused
    body = await body_of(request)
    content = body.get("content") or ""
    if not content and not body.get("embeds") and not request.content_type.startswith("multipart"):
        return problem(400, "Cannot send an empty message", 50006)
    if len(content) > 2000:
        raise InvalidForm("content is longer than 2000")
    message = payloads.message(bot.account, identity, content, **_extras(gateway, body))
    answers = str((body.get("message_reference") or {}).get("message_id") or "") or None
    gateway.journal.record(
        "reply", bot.number, content=content, channel=channel, message=message["id"], to=answers
    )
    gateway.publish(message, bot.account)
    return answer(message, headers=_limit_headers(gateway, bot, identity))


def _extras(gateway: Hub, body: Json) -> Json:
    extras = {key: body[key] for key in ("embeds", "components", "nonce", "tts") if body.get(key)}
    reference = body.get("message_reference")
    if isinstance(reference, dict):
        original = gateway.messages.get(str(reference.get("message_id")))
        extras |= {"type": 19, "message_reference": reference, "referenced_message": original}
    return extras


async def _history(request: web.Request) -> web.Response:
    limit = int(request.query.get("limit", "50"))
    channel = request.match_info["channel"]
    found = [m for m in request.app[GATEWAY].messages.values() if m["channel_id"] == channel]
    return answer(found[::-1][:limit])


async def _message(request: web.Request) -> web.Response:
    message = _stored(request)
    return answer(message) if message else problem(404, "Unknown Message", 10008)


async def _edit(request: web.Request) -> web.Response:
    message = _stored(request)
    if message is None:
        return problem(404, "Unknown Message", 10008)
    bot = _bot(request)
    if message["author"]["id"] != bot.account.id:
        return problem(403, "Cannot edit a message authored by another user", 50005)
    body = await body_of(request)
    kept = ("content", "embeds", "components")
    message |= {key: body[key] for key in kept if key in body} | {"edited_timestamp": now()}
    gateway = request.app[GATEWAY]
    gateway.journal.record("edit", bot.number, content=message["content"], message=message["id"])
    return answer(message)


async def _delete(request: web.Request) -> web.Response:
    message = _stored(request)
    if message is None:
        return problem(404, "Unknown Message", 10008)
    del request.app[GATEWAY].messages[message["id"]]
    return web.Response(status=204)


async def _no_content(request: web.Request) -> web.Response:
    return web.Response(status=204)


def _stored(request: web.Request) -> Json | None:
    stored: Json | None = request.app[GATEWAY].messages.get(request.match_info["message"])
    return stored


# -- slash commands as a bot registers them ----------------------------------------------------


async def _commands(request: web.Request) -> web.Response:
    return answer(_bot(request).commands)


async def _replace_commands(request: web.Request) -> web.Response:
    wanted = json.loads(await request.read())
    bot = _bot(request)
    if not isinstance(wanted, list):
        raise InvalidForm("it is not a list of commands")
    bot.commands = [_command(bot, _form(item), request.match_info.get("guild")) for item in wanted]
    return answer(bot.commands)


async def _add_command(request: web.Request) -> web.Response:
    bot = _bot(request)
    command = _command(bot, await body_of(request), request.match_info.get("guild"))
    bot.commands = [item for item in bot.commands if item["name"] != command["name"]] + [command]
    return answer(command, 201)


def _command(bot: Bot, wanted: Json, guild: str | None) -> Json:
    if not wanted.get("name"):
        raise InvalidForm("a command needs a name")
    return {
        "type": 1,
        "description": "",
        "options": [],
        "default_member_permissions": None,
        "dm_permission": True,
        "nsfw": False,
        **wanted,
        "id": payloads.snowflake(),
        "application_id": bot.account.id,
        "version": payloads.snowflake(),
        **({"guild_id": guild} if guild else {}),
    }


# -- the limit on sends ------------------------------------------------------------------------


def _too_many(gateway: Hub, bot: Bot, channel: str) -> web.Response | None:
    """Return a 429 when the bot has sent too many messages to a channel; else count this one.

    discord.py and its forks take a 429 without the header `Via` for a ban by Cloudflare, and stop.
    """
    limit = gateway.settings.sends
    if not limit:
        return None
    sent = gateway.sent[bot.number, channel]
    instant, window = time.monotonic(), gateway.settings.sends_window
    while sent and instant - sent[0] >= window:
        sent.popleft()
    if len(sent) < limit:
        sent.append(instant)
        return None
    wait = round(window - (instant - sent[0]), 3)
    gateway.journal.record("limited", bot.number, retry_after=wait)
    headers = {**_limit_headers(gateway, bot, channel), "Retry-After": f"{wait:.3f}"}
    headers |= {"X-RateLimit-Scope": "user", "Via": "1.1 unblocked"}
    body = {"message": "You are being rate limited.", "retry_after": wait, "global": False}
    return answer(body, 429, headers)


def _limit_headers(gateway: Hub, bot: Bot, channel: str) -> dict[str, str]:
    limit = gateway.settings.sends
    if not limit:
        return {}
    sent = gateway.sent[bot.number, channel]
    window = gateway.settings.sends_window
    wait = window - (time.monotonic() - sent[0]) if sent else 0.0
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(limit - len(sent)),
        "X-RateLimit-Reset": f"{time.time() + wait:.3f}",
        "X-RateLimit-Reset-After": f"{wait:.3f}",
        "X-RateLimit-Bucket": f"send-{channel}",
    }
