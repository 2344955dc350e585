"""What people do: they talk, change what they said, react and vote, and use what bots offer."""

from __future__ import annotations

import mimetypes
from base64 import b64decode
from collections.abc import Callable, Sequence

from autograder.outcomes import UserMistake
from autograder.world.gateway import contents, messages, payloads
from autograder.world.gateway.call import Upload
from autograder.world.gateway.hub import Marks
from autograder.world.gateway.payloads import Account, Json
from autograder.world.gateway.uses import Uses


class Acts(Uses):
    """A gateway with the acts of people."""

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
        kind = mimetypes.guess_type(filename)[0] or "application/octet-stream"
        upload = Upload("file", filename, kind, b64decode(data))
        attachment = contents.attachment(self, "0", upload, {})
        self.uploads[attachment["id"]] = attachment
        return str(attachment["id"])

    async def edit(self, content: str, author: str = "ada", message: str | None = None) -> None:
        """Change a message of a person, by default the newest one."""
        person = self.person(author)
        own = self._message(message, lambda one: one["author"]["id"] == person.id)
        own |= {"content": content, "edited_timestamp": payloads.now()}
        own |= contents.mentions(self, own, {})
        self._act(author, f'edit "{content}"', own)
        self.publish(own, "MESSAGE_UPDATE")

    async def delete(self, author: str = "ada", message: str | None = None) -> None:
        """Delete a message of a person, by default the newest one."""
        person = self.person(author)
        own = self._message(message, lambda one: one["author"]["id"] == person.id)
        self._act(author, "delete", own)
        messages.remove(self, [own])

    async def react(self, message: str | None, emoji: str, user: str = "ada") -> None:
        """React to a message as a person; `emoji` is a character, or the name of a guild's emoji.

        Message None: the bots' newest one.
        """
        marked, key, told = self._reaction(message, emoji)
        person = self.person(user)
        self._act(user, f"react {emoji}", marked)
        messages.react(self, marked, key, told, person)

    async def unreact(self, message: str | None, emoji: str, user: str = "ada") -> None:
        """Take a person's reaction away."""
        marked, key, _ = self._reaction(message, emoji)
        person, reactions = self.person(user), self.marks.get(marked["id"], Marks()).reactions
        if key not in reactions or person.id not in reactions[key].users:
            raise UserMistake(f"{user} has not reacted with {emoji}")
        self._act(user, f"unreact {emoji}", marked)
        messages.unreact(self, marked, key, person.id)

    async def vote(self, message: str | None, answer: int | str, user: str = "ada") -> None:
        """Vote for an answer of a poll as a person; answers count from 1, or are named by text.

        Message None: the newest one with a poll.
        """
        polled = self._message(message, lambda one: "poll" in one)
        answers = polled.get("poll", {}).get("answers", ())
        texts = {item["poll_media"].get("text"): item["answer_id"] for item in answers}
        number = texts.get(answer, answer)
        if number not in texts.values():
            raise UserMistake(f"the message {polled['id']} has no poll with an answer {answer}")
        self._act(user, f"vote {answer}", polled)
        messages.vote(self, polled, int(number), self.person(user))

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
        newest = next((one for one in reversed(self.messages.values()) if fits(one)), None)
        if newest is None:
            raise UserMistake("there is no such message yet")
        return newest

    def _reaction(self, message: str | None, emoji: str) -> tuple[Json, str, Json]:
        """Return the message, the emoji's name in paths, and what is told of it."""
        marked = self._message(message, lambda one: one["author"]["bot"])
        for own in self.shelves["emojis"].values():
            if own["name"] == emoji.strip(":"):
                return marked, own["id"], {name: own[name] for name in ("id", "name", "animated")}
        if emoji.isascii():
            raise UserMistake(f"there is no emoji {emoji}: write it as a character")
        return marked, emoji, {"id": None, "name": emoji}
