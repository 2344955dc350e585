"""What tests and scripts control: what people do, and what happens to the bots' connections."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Callable, Sequence
from dataclasses import replace
from mimetypes import types_map  # `guess_type` reads files at its first call
from pathlib import PurePath
from typing import Any

from autograder.outcomes import UserMistake
from autograder.world.gateway import contents, messages, payloads
from autograder.world.gateway.call import Upload
from autograder.world.gateway.ending import (
    HEARTBEAT,
    INVALID_SESSION,
    RECONNECT,
    Close,
    Cut,
    control,
)
from autograder.world.gateway.faults import Faults
from autograder.world.gateway.hub import Marks
from autograder.world.gateway.journal import COUNTED
from autograder.world.gateway.payloads import Account, Json
from autograder.world.gateway.uses import Uses


class Acts(Uses):
    """A gateway with all its controls; those that are coroutines are a handle's methods, too."""

    # -- connections -------------------------------------------------------------------------------

    async def until(self, /, timeout: float = 10.0, **wanted: int) -> bool:
        """Wait until each count is reached, as in `until(replies=2, kills=1)`.

        Returns False when `timeout` seconds pass first. The counts begin at the gateway's start or
        its last `reset`: replies, kills, beats, resumes, ready, late, closed, interactions,
        acknowledged, deferred, followups, edits.
        """
        unknown = set(wanted) - set(COUNTED)
        if unknown:
            raise UserMistake(
                f"a gateway cannot wait for {sorted(unknown)}: it counts {sorted(COUNTED)}"
            )
        return await self.journal.until(wanted, timeout)

    async def drop(self, code: int | None = None) -> None:
        """End every connection: with a close code, or, for None, as a failing network does."""
        for connection in list(self.connections):
            connection.end(Cut() if code is None else Close(code, "Dropped on demand."))

    async def reconnect(self) -> None:
        """Ask every bot to reconnect and resume (op 7)."""
        self._tell_all(control(RECONNECT))

    async def invalidate(self, resumable: bool = False) -> None:
        """Tell every bot that its session is over (op 9), and forget it unless it is resumable."""
        for session in self.sessions_of():
            if session.connection is not None and not resumable:
                self.forget(session)
        self._tell_all(control(INVALID_SESSION, resumable))

    async def ask_beat(self) -> None:
        """Ask every bot for a heartbeat now (op 1)."""
        self._tell_all(control(HEARTBEAT))

    async def ratelimit(self, sends: int, window: float = 5.0) -> None:
        """Let each bot send so many messages to a channel in a window of seconds; 0: no limit."""
        self.settings = replace(self.settings, sends=sends, sends_window=window)

    async def faults(self, /, **plan: Any) -> None:
        """Replace the plan of faults; a call without arguments ends all faults.

        With `acks=False` the gateway never acknowledges a heartbeat (a zombie connection). `drop`,
        `duplicate` and `errors` are chances from 0 to 1, per event or request. `delay` holds back
        each event for this many seconds. The same `seed` gives the same faults.
        """
        self.chaos = Faults(**plan)

    def _tell_all(self, payload: Json) -> None:
        for connection in self.connections:
            if connection.number:
                connection.send(payload)

    # -- messages ----------------------------------------------------------------------------------

    async def say(
        self,
        content: str,
        author: str = "ada",
        channel: str | None = "general",
        files: Sequence[str] = (),
    ) -> str:
        """Send a message as a person, return its id; channel None: directly to each bot.

        `files` has ids that `attach` returned.
        """
        person = self.person(author)
        return self._post(person, self._place(channel, person), content, files=files)

    async def dm(self, content: str, author: str = "ada") -> str:
        """Send a message directly to each bot, and return its id."""
        return await self.say(content, author, None)

    async def reply(self, content: str, author: str = "ada", message: str | None = None) -> str:
        """Reply to a message, by default to the bots' newest one; return the reply's id."""
        answered = self._message(message, lambda one: one["author"]["bot"])
        return self._post(self.person(author), answered["channel_id"], content, to=answered["id"])

    async def attach(self, filename: str, data: str) -> str:
        """Keep a file (`data` is base64), and return its id: for `say`, or a command's option."""
        kind = types_map.get(PurePath(filename).suffix.lower(), "application/octet-stream")
        upload = Upload("file", filename, kind, b64decode(data))
        attachment = contents.attachment(self, "0", upload, {})
        self.uploads[attachment["id"]] = attachment
        return str(attachment["id"])

    async def edit(self, content: str, author: str = "ada", message: str | None = None) -> None:
        """Change a message of a person, by default the newest one."""
        person = self.person(author)
        own = self._message(message, lambda one: one["author"]["id"] == person.id)
        if own["author"]["id"] != person.id:
            raise UserMistake(f"{author} cannot change the message {message} of somebody else")
        own |= {"content": content, "edited_timestamp": payloads.now()}
        own |= contents.mentions(self, own, {})
        self._act(author, f'edit "{content}"', own)
        self.publish(own, "MESSAGE_UPDATE")

    async def delete(self, author: str = "ada", message: str | None = None) -> None:
        """Delete a message as a person, by default that person's newest one."""
        person = self.person(author)
        found = self._message(message, lambda one: one["author"]["id"] == person.id)
        self._act(author, "delete", found)
        messages.remove(self, [found])

    async def react(self, message: str | None, emoji: str, user: str = "ada") -> None:
        """React to a message as a person; `emoji` is a character, or the name of a guild's emoji.

        Message None: the bots' newest one.
        """
        key, told = self._emoji(emoji)
        marked = self._message(message, lambda one: one["author"]["bot"])
        person = self.person(user)
        self._act(user, f"react {emoji}", marked)
        messages.react(self, marked, key, told, person)

    async def unreact(self, message: str | None, emoji: str, user: str = "ada") -> None:
        """Take a person's reaction away; message None: the newest one that has it."""
        (key, _), person = self._emoji(emoji), self.person(user)

        def reacted(one: Json) -> bool:
            reactions = self.marks.get(one["id"], Marks()).reactions
            return key in reactions and person.id in reactions[key].users

        marked = self._message(message, reacted)
        if not reacted(marked):
            raise UserMistake(f"{user} has not reacted to the message {message} with {emoji}")
        self._act(user, f"unreact {emoji}", marked)
        messages.unreact(self, marked, key, person.id)

    async def vote(self, message: str | None, answer: int | str, user: str = "ada") -> None:
        """Vote for an answer of a poll as a person; answers count from 1, or are named by text.

        Message None: the newest one with a poll.
        """
        polled = self._message(message, lambda one: "poll" in one)
        answers = polled.get("poll", {}).get("answers", ())
        numbers = {str(item["answer_id"]): item["answer_id"] for item in answers}
        numbers |= {item["poll_media"].get("text"): item["answer_id"] for item in answers}
        if str(answer) not in numbers:
            raise UserMistake(f"the message {polled['id']} has no poll with an answer {answer}")
        self._act(user, f"vote {answer}", polled)
        messages.vote(self, polled, numbers[str(answer)], self.person(user))

    def _post(
        self,
        person: Account,
        place: str,
        content: str,
        files: Sequence[str] = (),
        to: str | None = None,
    ) -> str:
        message = payloads.message(person, place, content)
        if to is not None:
            message |= contents.reference(self, {"message_reference": {"message_id": to}})
        message["attachments"] = [self._upload(one) for one in files]
        message |= contents.mentions(self, message, {})
        channel = self.channel_name(place) if self.guild_of(place) else None
        facts = {"content": content, "channel": channel, "message": message["id"]}
        self.journal.record("say", author=person.name, **facts)
        self.publish(message)
        return str(message["id"])

    def _act(self, author: str, said: str, message: Json) -> None:
        self.journal.record("act", author=author, said=said, message=message["id"])

    def _upload(self, identity: str) -> Json:
        if identity not in self.uploads:
            raise UserMistake(f"there is no file {identity}: `attach` returns the id of one")
        return self.uploads[identity]

    def _message(self, identity: str | None, fits: Callable[[Json], bool]) -> Json:
        """Return the message with this id, or for None the newest one that fits."""
        if identity is not None and identity in self.messages:
            return self.messages[identity]
        if identity is not None:
            raise UserMistake(f"there is no message {identity} (any more)")
        newest = next(filter(fits, self.newest_messages()), None)
        if newest is None:
            raise UserMistake("there is no such message yet")
        return newest

    def _emoji(self, emoji: str) -> tuple[str, Json]:
        """Return the emoji's name in paths, and what is told of it."""
        for own in self.shelves["emojis"].values():
            if own["name"] == emoji.strip(":"):
                return own["id"], {name: own[name] for name in ("id", "name", "animated")}
        if emoji.isascii():
            raise UserMistake(f"there is no emoji {emoji}: write it as a character")
        return emoji, {"id": None, "name": emoji}
