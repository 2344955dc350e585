"""What a message is made of: embeds, components, files, polls, stickers, mentions, replies."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from autograder.world.gateway import payloads
from autograder.world.gateway.call import Call, InvalidForm, Refused, Upload, objects
from autograder.world.gateway.hub import Hub, Marks
from autograder.world.gateway.payloads import Account, Json, now, snowflake

HAS_SNAPSHOT, LONGEST = 1 << 14, 2000
REPLY, FORWARD = 19, 1  # a type of message, and a type of reference
FORWARDED = (  # what a forwarded message shows
    "type", "content", "mentions", "mention_roles", "attachments", "embeds", "flags", "timestamp",
    "edited_timestamp", "components", "sticker_items",
)  # fmt: skip

# The fields that the document requires of an answer, by the component's type, when the bot may
# leave them out.
COMPONENTS: dict[int, Json] = {
    2: {"style": 2}, 3: {"min_values": 1, "max_values": 1, "options": []},
    4: {"style": 1, "label": None, "min_length": None, "max_length": None},
    **{kind: {"min_values": 1, "max_values": 1} for kind in (5, 6, 7, 8, 19, 21)},
    11: {"description": None, "spoiler": False}, 13: {"name": None, "size": None, "spoiler": False},
    14: {"spacing": 1, "divider": True}, 17: {"accent_color": None, "spoiler": False},
}  # fmt: skip
ONE = ("accessory", "component")  # fields of components that hold one component
INNER = ("media", "file")  # fields of components that hold an address


def write(call: Call, author: Account, channel: str, **more: Any) -> Json:
    """Return the message that a call's body asks for. Raises Refused, as Discord does."""
    form = call.form
    message = payloads.message(author, channel, _text(form), **more)
    message |= _files(call, message)
    message |= _shape(message, form)
    message |= _poll(form) | _stickers(call.hub, form) | reference(call.hub, form)
    message["tts"] = bool(form.get("tts"))
    if form.get("nonce") is not None:
        message["nonce"] = form["nonce"]
    message |= mentions(call.hub, message, form)
    parts = ("content", "embeds", "attachments", "components", "poll", "sticker_items")
    if not any(message.get(name) for name in (*parts, "message_snapshots")):
        raise Refused(400, 50006, "Cannot send an empty message")
    if "poll" in message:
        numbers = [item["answer_id"] for item in message["poll"]["answers"]]
        call.hub.marks[message["id"]] = Marks(votes={number: [] for number in numbers})
    return message


def post(hub: Hub, message: Json, bot: int) -> None:
    """Record a message of this bot (its number) in the journal, and tell the bots."""
    place, answers = message["channel_id"], (message.get("message_reference") or {})
    facts = {"content": message["content"], "channel": hub.channel_name(place)}
    hub.journal.record("reply", bot, **facts, message=message["id"], to=answers.get("message_id"))
    hub.publish(message)


def rewrite(call: Call, message: Json) -> None:
    """Change a message as a call's body asks; null empties a field."""
    form = call.form
    if "content" in form:
        message["content"] = _text(form)
    if "attachments" in form or call.files:
        kept = {str(item.get("id")) for item in objects(form, "attachments")}
        old = [a for a in message["attachments"] if "attachments" not in form or a["id"] in kept]
        new = _files(call, message)["attachments"]
        message["attachments"] = [*old, *new]
    shape = _shape(message, form)
    message |= {name: value for name, value in shape.items() if name in form}
    message |= mentions(call.hub, message, form)
    message["edited_timestamp"] = now()


def _text(form: Json) -> str:
    content = form.get("content")
    if content is None:
        return ""
    if not isinstance(content, str):
        raise InvalidForm("content is not a str")
    if len(content) > LONGEST:
        raise InvalidForm(f"content is longer than {LONGEST}")
    return content


def _shape(message: Json, form: Json) -> Json:
    flags = form.get("flags") or 0
    if type(flags) is not int:
        raise InvalidForm("flags is not an int")
    files = {item["filename"]: item["url"] for item in message["attachments"]}
    embeds = [_embed(item, files) for item in objects(form, "embeds")]
    return {"embeds": embeds, "components": rows(form, files), "flags": flags}


def rows(form: Json, files: dict[str, str] | None = None) -> list[Json]:
    """Return the components of a message or a modal; `files` has the addresses of its files."""
    numbers = itertools.count(1)
    return [_component(item, numbers, files or {}) for item in objects(form, "components")]


def parts(components: list[Json]) -> Iterator[Json]:
    """Yield each component and those inside it."""
    for item in components:
        yield item
        single = [item[name] for name in ONE if isinstance(item.get(name), dict)]
        yield from parts([*item.get("components", ()), *single])


def modal_text(modal: Json) -> str:
    """Return what people see of a modal: its title and its labels."""
    labels = [item["label"] for item in parts(modal["components"]) if item.get("label")]
    return f"{modal['title']}: {', '.join(labels)}"


def _embed(item: Json, files: dict[str, str]) -> Json:
    embed = {**{k: v for k, v in item.items() if v is not None}, "type": "rich"}
    embed["fields"] = [{"inline": False, **row} for row in objects(item, "fields")]
    for name in ("image", "thumbnail"):
        if isinstance(embed.get(name), dict):
            url = _address(embed[name].get("url"), files)
            embed[name] = {"url": url, "proxy_url": url, "width": 0, "height": 0}
    for name in ("author", "footer"):
        if isinstance(embed.get(name), dict) and embed[name].get("icon_url"):
            embed[name] = {**embed[name], "icon_url": _address(embed[name]["icon_url"], files)}
    return embed


def _component(item: Json, numbers: Iterator[int], files: dict[str, str]) -> Json:
    """Return a component as Discord sends it back: with a number, and with what was left out."""
    if type(item.get("type")) is not int:
        raise InvalidForm("components: type is required")
    usual = COMPONENTS.get(item["type"], {})
    told = {**usual, **{k: v for k, v in item.items() if v is not None}}
    told["id"] = item.get("id") or next(numbers)
    if "components" in item:
        told["components"] = [
            _component(row, numbers, files) for row in objects(item, "components")
        ]
    for name in ONE:
        if isinstance(item.get(name), dict):
            told[name] = _component(item[name], numbers, files)
    if "items" in item:
        usual = {"description": None, "spoiler": False}
        told["items"] = [
            {**usual, **row, "media": _media(row.get("media"), files)}
            for row in objects(item, "items")
        ]
    for name in INNER:
        if name in item:
            told[name] = _media(item[name], files)
    return told


def _media(item: Any, files: dict[str, str]) -> Json:
    url = _address(item.get("url") if isinstance(item, dict) else None, files)
    return {"id": snowflake(), "url": url, "proxy_url": url, "width": None, "height": None}


def _address(url: Any, files: dict[str, str]) -> str:
    """Return the address of a picture; `attachment://name` is a file of the same message."""
    text = str(url or "")
    return files.get(text.removeprefix("attachment://"), text)


def _files(call: Call, message: Json) -> Json:
    """Keep the uploaded files, and return them as attachments of the message."""
    described = {str(item.get("id")): item for item in objects(call.form, "attachments")}
    found = []
    for place, upload in enumerate(call.files):
        number = re.sub(r"\D", "", upload.field) or str(place)
        told = described.get(number, {})
        found.append(attachment(call.hub, message["channel_id"], upload, told))
    return {"attachments": found}


def attachment(hub: Hub, place: str, upload: Upload, described: Json) -> Json:
    """Keep an uploaded file, and return it as an attachment."""
    identity = snowflake()
    filename = str(described.get("filename") or upload.filename)
    path = f"/attachments/{place}/{identity}/{quote(filename)}"
    url = hub.keep_file(path, upload.content_type, upload.data)
    told = {"id": identity, "filename": filename, "size": len(upload.data)}
    told |= {"url": url, "proxy_url": url, "content_type": upload.content_type}
    named = ("description", "title", "duration_secs", "waveform")
    return told | {name: described[name] for name in named if described.get(name) is not None}


def _poll(form: Json) -> Json:
    wanted = form.get("poll")
    if not wanted:
        return {}
    if not isinstance(wanted, dict) or not objects(wanted, "answers"):
        raise InvalidForm("a poll needs a question and answers")
    hours = wanted.get("duration") or 24
    answers = [
        {"answer_id": number, "poll_media": item.get("poll_media") or {}}
        for number, item in enumerate(wanted["answers"], start=1)
    ]
    poll = {
        "question": wanted.get("question") or {}, "answers": answers,
        "expiry": payloads.later(now(), hours * 3600),
        "allow_multiselect": bool(wanted.get("allow_multiselect")),
        "layout_type": wanted.get("layout_type") or 1,
        "results": {"answer_counts": [], "is_finalized": False},
    }  # fmt: skip
    return {"poll": poll}


def _stickers(hub: Hub, form: Json) -> Json:
    """Return the stickers of a message; an id that is not the guild's counts as Discord's own."""
    own, found = hub.shelves["stickers"], []
    for identity in map(str, form.get("sticker_ids") or ()):
        usual = {"id": identity, "name": f"sticker {identity}", "format_type": 1}
        found.append({name: own.get(identity, usual)[name] for name in usual})
    return {"sticker_items": found} if found else {}


def reference(hub: Hub, form: Json) -> Json:
    """Return the fields of a reply or of a forwarded message."""
    wanted = form.get("message_reference")
    if wanted is None:
        return {}
    if not isinstance(wanted, dict):
        raise InvalidForm("message_reference is not a dict")
    original = hub.messages.get(str(wanted.get("message_id")))
    if original is None:
        if wanted.get("fail_if_not_exists") is False:
            return {}
        raise InvalidForm("message_reference: Unknown message")
    kind = wanted.get("type") or 0
    reference = {"type": kind, "channel_id": original["channel_id"], "message_id": original["id"]}
    guild = hub.guild_of(original["channel_id"])
    reference |= {"guild_id": guild} if guild else {}
    plain = {k: v for k, v in original.items() if k not in ("referenced_message", "reactions")}
    if kind == FORWARD:
        copy = {name: plain[name] for name in FORWARDED if name in plain}
        told = {"message_snapshots": [{"message": copy}], "flags": HAS_SNAPSHOT}
        return {"message_reference": reference, **told}
    return {"type": REPLY, "message_reference": reference, "referenced_message": plain}


def mentions(hub: Hub, message: Json, form: Json) -> Json:
    """Return whom a message mentions; `allowed_mentions` takes some of it away, as on Discord."""
    allowed = form.get("allowed_mentions")
    free = {"users", "roles", "everyone"}
    told: Json = {"replied_user": True, "users": (), "roles": ()}
    if isinstance(allowed, dict):
        free = set(allowed.get("parse") or ())
        told = {"replied_user": False, "users": (), "roles": ()}
        told |= {name: value for name, value in allowed.items() if value is not None}

    def named(pattern: str, kind: str) -> list[str]:
        ids = dict.fromkeys(re.findall(pattern, message["content"]))
        return [item for item in ids if kind in free or item in told[kind]]

    accounts = map(hub.account, named(r"<@!?(\d+)>", "users"))
    users = [account.user() for account in accounts if account]
    original = message.get("referenced_message")
    if original and told["replied_user"] and original["author"] not in users:
        users.append(original["author"])
    roles = [item for item in named(r"<@&(\d+)>", "roles") if item in hub.roles]
    everyone = "everyone" in free and bool(re.search("@(everyone|here)", message["content"]))
    return {"mentions": users, "mention_roles": roles, "mention_everyone": everyone}
