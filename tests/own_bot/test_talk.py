"""The lines of a script or of the prompt: how they are read, and what they do on the gateway."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from autograder.outcomes import UserMistake
from autograder.own_bot import talk
from autograder.own_bot.lines import (
    PATIENCE,
    Act,
    Expect,
    Line,
    Say,
    Slash,
    Suggest,
    Trouble,
    Wait,
    Word,
    parse,
    read,
)
from autograder.own_bot.talk import Talk
from autograder.world.gateway import payloads
from autograder.world.gateway.server import GatewayServer


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("", None),
        ("   # a comment", None),
        ("ada: hi there", Say("hi there")),
        ("bo in #games: !roll 2d6: now", Say("!roll 2d6: now", "bo", "games")),
        ("bo in games: hi", Say("hi", "bo", "games")),
        ("dm cy: help", Say("help", "cy", None)),
        ("!roll 2d6", Say("!roll 2d6")),
        ("@bot help", Say("@bot help")),
        (
            '/weather city="New York" days:3',
            Slash("weather", (("city", "New York"), ("days", "3"))),
        ),
        ("bo in #games: /dice", Slash("dice", (), "bo", "games")),
        ("wait 0.5", Wait(0.5)),
        ("/admin ban who=bo", Slash("admin ban", (("who", "bo"),))),
        ("dm cy: /dice", Slash("dice", (), "cy", None)),
        ("click 👍", Act("click", ("👍",))),
        ("delete as cy", Act("delete", (), "cy")),
        ('reply "as good as bo"', Act("reply", ("as good as bo",))),
        ("suggest /admin ban who=b", Suggest(Slash("admin ban", (("who", "b"),)))),
        ("errors 0.2", Trouble("errors", (0.2,))),
        ("ratelimit 5/2.5", Trouble("ratelimit", (5.0, 2.5))),
        ('choose "Red" "Dark blue" as @bo', Act("choose", ("Red", "Dark blue"), "bo")),
        ('fill "Your name"="Ada L"', Act("fill", ("Your name=Ada L",))),
        ('expect "pong" within 1.5', Expect("pong", 1.5)),
        ("expect 'say \"hi\"'", Expect('say "hi"', PATIENCE)),
        ("quit", Word("quit")),
        ("reconnect", Word("reconnect")),
    ],
)
def test_a_line_is_read(written: str, line: Line | None) -> None:
    assert parse(written) == line


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("hello", "write `ada: hello` to say it"),
        ("expects", "is not a line of `help`"),
        ("ada:", "ada says nothing"),
        ("wait long", "write `wait 2`"),
        ("wait -1", "not a number of seconds"),
        ("expect pong", "with the text in quotes"),
        ("/weather city=Oslo Rome", "write NAME=Rome"),
        ("click", 'write `click "Vote"`'),
        ("delete that", "write `delete`"),
        ("slow", "write `slow 0.5`"),
        ("errors 2", "a chance is between 0 and 1"),
        ("ratelimit 5/5/5", "write `ratelimit 5/5`"),
        ("fill Ada", "write NAME=Ada"),
        ('choose "Red', "quotation mark is not closed"),
        ('/weather city="Oslo', "quotation mark is not closed"),
    ],
)
def test_a_line_that_cannot_be_read_says_what_to_write(written: str, sentence: str) -> None:
    with pytest.raises(UserMistake, match=sentence):
        parse(written)


def test_a_script_names_the_line_of_its_mistake(tmp_path: Path) -> None:
    script = tmp_path / "talk.txt"
    script.write_text("ada: hi\n\nwait\n")
    with pytest.raises(UserMistake, match=r"talk\.txt, line 3: .*write `wait 2`"):
        read(str(script))
    with pytest.raises(UserMistake, match="cannot be read"):
        read(str(tmp_path / "missing.txt"))
    script.write_text("ada: hi\n\nwait 1\n")
    assert read(str(script)) == [(1, Say("hi")), (3, Wait(1.0))]


# A gateway with one bot that has registered commands; the bot itself is not there

OPTIONS = [
    {"name": "city", "type": 3, "required": True},
    {"name": "days", "type": 4},
    {"name": "share", "type": 10},
    {"name": "loud", "type": 5},
    {"name": "who", "type": 6},
    {"name": "where", "type": 7},
]
BAN = [{"name": "who", "type": 6, "required": True}, {"name": "role", "type": 8}]
COMMANDS = [
    {"name": "weather", "id": "1", "options": OPTIONS},
    {"name": "admin", "id": "2", "options": [{"name": "ban", "type": 1, "options": BAN}]},
]


class Sent:
    """Stands for a bot's connection: keeps what it was sent."""

    number = 1

    def __init__(self) -> None:
        self.payloads: list[dict[str, Any]] = []

    def send(self, payload: dict[str, Any]) -> None:
        self.payloads.append(payload)

    def end(self, how: object) -> None:
        raise AssertionError(how)

    def hint(self, sentence: str) -> None:
        raise AssertionError(sentence)

    def last(self) -> dict[str, Any]:
        found: dict[str, Any] = self.payloads[-1]["d"]
        return found


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def gateway(sent: Sent) -> GatewayServer:
    one = GatewayServer()
    bot = one.bot_of(one.token)
    assert bot is not None
    shelf = f"commands of {bot.account.id}"  # where registered commands are kept
    one.shelves[shelf] = {str(number): command for number, command in enumerate(COMMANDS)}
    one.open_session(bot, 1 << 9 | 1 << 12 | 1 << 15, None).connection = sent
    return one


def do(gateway: GatewayServer, *lines: str) -> None:
    async def say_all() -> None:
        conversation = Talk(gateway)
        for written in lines:
            line = parse(written)
            assert line is not None
            await conversation.do(line)

    asyncio.run(say_all())


def test_options_arrive_with_the_type_that_the_command_declares(
    gateway: GatewayServer, sent: Sent
) -> None:
    do(gateway, "/weather city=12 days=3 share=0.5 loud=yes who=@bo where=#games")
    options = {option["name"]: option["value"] for option in sent.last()["data"]["options"]}
    assert options == {
        "city": "12",
        "days": 3,
        "share": 0.5,
        "loud": True,
        "who": payloads.PEOPLE["bo"],
        "where": payloads.CHANNELS["games"],
    }


def test_a_subcommand_arrives_inside_its_command_with_what_its_ids_stand_for(
    gateway: GatewayServer, sent: Sent
) -> None:
    do(gateway, "/admin ban who=bo role=@everyone")
    data, bo = sent.last()["data"], payloads.PEOPLE["bo"]
    (ban,) = data["options"]
    assert (data["name"], ban["name"], ban["type"]) == ("admin", "ban", 1)
    assert ban["options"] == [
        {"name": "who", "type": 6, "value": bo},
        {"name": "role", "type": 8, "value": payloads.GUILD},
    ]
    assert data["resolved"]["users"][bo]["username"] == "bo"
    assert data["resolved"]["members"].keys() == {bo}
    assert data["resolved"]["roles"][payloads.GUILD]["name"] == "@everyone"
    do(gateway, "dm bo: /admin ban who=cy")
    assert "member" not in sent.last()
    assert sent.last()["user"]["username"] == "bo"


def test_a_mention_and_a_direct_message_reach_the_bot_as_such(
    gateway: GatewayServer, sent: Sent
) -> None:
    (bot,) = gateway.bots.values()
    do(gateway, "bo in #games: hi @bot, and @bottom")
    assert sent.last()["content"] == f"hi <@{bot.account.id}>, and @bottom"
    assert [user["id"] for user in sent.last()["mentions"]] == [bot.account.id]
    assert sent.last()["channel_id"] == payloads.CHANNELS["games"]
    do(gateway, "dm bo: psst")
    assert "guild_id" not in sent.last()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("/weathr city=Oslo", r"no command /weathr; it has /weather city \[days\]"),
        ("/weather", "/weather needs city=...: /weather city"),
        ("/weather town=Oslo", "/weather has no option town: /weather city"),
        ("/weather city=Oslo days=many", "days=many: the bot wants a number there"),
        ("/admin who=bo", "has subcommands: write /admin ban"),
        ("/admin kick who=bo", "has no subcommand kick: it has ban"),
        ("/admin ban where=bo", r"/admin ban has no option where: /admin ban who \[role\]"),
        ("/admin ban who=bo role=@mods", "there is no role @mods"),
        ("/weather Oslo", "for an option write NAME=Oslo"),
    ],
)
def test_a_command_that_cannot_be_used_says_why(
    line: str, sentence: str, gateway: GatewayServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(talk, "PATIENCE", 0.0)
    with pytest.raises(UserMistake, match=sentence):
        do(gateway, line)


def test_without_a_command_or_a_bot_one_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(talk, "PATIENCE", 0.0)
    with pytest.raises(UserMistake, match="has registered no slash commands"):
        do(GatewayServer(), "/weather city=Oslo")
    with pytest.raises(UserMistake, match="the bot is not connected yet"):
        do(GatewayServer(), "ada: hi")


def test_an_expectation_looks_at_what_was_said_since_the_last_line(gateway: GatewayServer) -> None:
    async def conversation() -> list[bool]:
        talking, record = Talk(gateway), gateway.journal.record
        met = []
        await talking.do(Say("ping"))
        record("reply", 1, content="pong 1", message="1")
        asyncio.get_running_loop().call_later(
            0.02, lambda: record("edit", 1, content="pong 2", message="1")
        )
        for line in (Expect("pong 1", 0), Expect("pong 2", 5), Say("again"), Expect("pong", 0.05)):
            result = await talking.do(line)
            if result is not None:
                met.append(result.met)
        return met

    assert asyncio.run(conversation()) == [True, True, False]


def test_what_can_be_typed_now_are_the_commands_and_what_is_shown(gateway: GatewayServer) -> None:
    (bot,) = gateway.bots.values()
    buttons = [
        {"type": 2, "id": 2, "custom_id": "v", "label": "Vote"},
        {"type": 2, "id": 3, "custom_id": "o", "label": "Old", "disabled": True},
        {"type": 2, "id": 4, "custom_id": "c", "emoji": {"name": "❌"}},
    ]
    menu = {"type": 3, "id": 5, "custom_id": "m", "options": [{"label": "Red", "value": "r"}]}
    rows = [{"type": 1, "id": 1, "components": [*buttons, menu]}]
    general = payloads.CHANNELS["general"]
    gateway.publish(payloads.message(bot.account, general, "Well?", components=rows))
    talking = Talk(gateway)
    lines = ["/weather ", "/admin ban ", 'click "Vote"', 'click "❌"', 'choose "Red"']
    assert talking.offers() == lines
    assert [parse(line.strip()) for line in lines]  # each is a line
    usages = ["/weather city [days] [share] [loud] [who] [where]", "/admin ban who [role]"]
    assert talking.commands() == usages
    (message,) = gateway.messages
    assert talking.text_of(message, "Well?") == "Well? [Vote] [Old] [❌] [Red]"


def test_an_embed_is_what_people_see_of_a_message(gateway: GatewayServer) -> None:
    (bot,) = gateway.bots.values()
    embed = {"title": "Top", "fields": [{"name": "ada", "value": "12"}]}
    message = payloads.message(bot.account, "200000000000000000", "", embeds=[embed])
    gateway.publish(message, bot.account)
    talking = Talk(gateway)
    assert talking.text_of(message["id"], "") == "[embed: Top ada: 12]"
    assert talking.text_of("unknown", "") == "[neither text nor embed]"
