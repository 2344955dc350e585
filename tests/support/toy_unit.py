"""A unit of three exercises for the tests of grading, and the answers that go into it.

With `bot=True` it has a fourth, a bot on the live gateway. An examination of that one waits 1.5 s
longer and takes 0.4 s of CPU more, so only the tests of what a bot does ask for it.
Written as nbgrader's JSON, not through `build`: what is tested here must not depend on it.
"""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
UNIT = "90_toy"
POINTS = {"double_visible": 2.0, "roll_visible": 3.0, "tally_visible": 4.0}
BOT_POINTS = 5.0

SETUP = """
import asyncio
import random

from autograder import watch, world

servers = await world.start()
"""

BOT_SETUP = '''
import discord  # here, not in the bot: the first import of it holds a loop for 150 ms


class _Address:
    def __init__(self, rest_url, ws_url):
        self.rest_url, self.ws_url = rest_url, ws_url


async def run_bot(handler, rest_url, ws_url, token):
    """Run a bot that answers with `await handler(text)` until somebody says !stop."""
    world.point(_Address(rest_url, ws_url))
    intents = discord.Intents.default()
    intents.message_content = True
    client = discord.Client(intents=intents)

    @client.event
    async def on_message(message):
        if message.author == client.user:
            return
        if message.content == "!stop":
            await client.close()
        else:
            await message.channel.send(await handler(message.content))

    await client.start(token)
'''

ANSWERS = {
    "double": '''
async def double(number):
    """Twice the number."""
    ### BEGIN SOLUTION
    await asyncio.sleep(0.01)
    return 2 * number
    ### END SOLUTION
''',
    "roll": '''
async def roll(spec):
    """Roll the dice, without holding the loop for 100 ms."""
    ### BEGIN SOLUTION
    await asyncio.sleep(0.12)
    return f"{spec}: rolled"
    ### END SOLUTION
''',
    "tally": '''
class Tally:
    """Counts per author; `add` waits for its turn."""

    def __init__(self):
        self.counts = {}

    async def add(self, author):
        ### BEGIN SOLUTION
        await asyncio.sleep(0)
        self.counts[author] = self.counts.get(author, 0) + 1
        ### END SOLUTION
''',
}
BOT_ANSWER = '''
async def reply_to(text):
    """What the bot says to a message, after half a second of work."""
    ### BEGIN SOLUTION
    await asyncio.sleep(0.7)
    return f"you said {text}"
    ### END SOLUTION
'''

TESTS = {
    "double_visible": """
number = random.randrange(10**6)
report = await watch(double, number, timeout=2)
report.returned(2 * number).responsive(0.1)
### BEGIN HIDDEN TESTS
report = await watch(double, 0, timeout=2)
report.returned(0)
### END HIDDEN TESTS
assert report.seconds < 5
""",
    "roll_visible": """
report = await watch(roll, "2d6", timeout=2)
report.returned("2d6: rolled")
report.responsive(0.1)
assert report.seconds < 5
""",
    "tally_visible": """
async def drive(authors):
    tally = Tally()
    for author in authors:
        await tally.add(author)
    return tally.counts


report = await watch(drive, ["ada", "bo", "ada"], timeout=2)
report.returned({"ada": 2, "bo": 1})
report.responsive(0.1)
assert report.seconds < 5
""",
}
BOT_TEST = """
async def live(rest_url, ws_url, token):
    await run_bot(reply_to, rest_url, ws_url, token)


async def talk(gw):
    if await gw.until(ready=1, timeout=8):
        await gw.say("!hello", author="ada", channel="general")
        await gw.until(replies=1, timeout=10)  # 0.7 s of work; a busy machine adds seconds
        await gw.say("!stop", author="ada", channel="general")


gw = await servers.gateway(heartbeat=0.2, grace=2)
bot = watch(live, gw.rest_url, gw.ws_url, gw.token, timeout=20)
report, _ = await asyncio.gather(bot, talk(gw))
report.responsive(0.1, gateway=gw)
assert gw.replies == ["you said !hello"], f"the bot replied {gw.replies}"
"""


def notebook(solved: bool = True, *, bot: bool = False) -> dict[str, Any]:
    """The unit's own notebook, as `source/` has it; `solved=False`: as learners get it."""
    answers = ANSWERS | ({"bot": BOT_ANSWER} if bot else {})
    setup = SETUP + (BOT_SETUP if bot else "")
    cells = [
        cell("markdown", "# The toy unit", None),
        cell("code", setup, about("tools", locked=True)),
    ]
    for name, answer in answers.items():
        source = answer if solved else _stub(answer)
        cells.append(
            cell(
                "markdown",
                f"## {name}\n\nWithin 100 ms.",
                None,
                unblocked={"exercise": name, "limit": 0.1},
            )
        )
        cells.append(cell("code", source, about(name, solution=True)))
        test = f"{name}_visible"
        whole = BOT_TEST if name == "bot" else TESTS[test]
        text = whole if solved else _without_hidden(whole)
        points = BOT_POINTS if name == "bot" else POINTS[test]
        graded = about(test, grade=True, locked=True, points=points)
        cells.append(cell("code", text, graded))
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def submission(**answers: str) -> dict[str, Any]:
    """A learner's notebook: right in everything but the given answers, which are put in.

    It has the bot's exercise when `bot` is given.
    """
    content = notebook(solved=False, bot="bot" in answers)
    for cell in content["cells"]:
        name = cell["metadata"].get("nbgrader", {}).get("grade_id")
        if name in answers or name in ANSWERS:
            cell["source"] = answers[name] if name in answers else unmarked(ANSWERS[name])
    return content


def cell(kind: str, source: str, marks: dict[str, Any] | None, **more: Any) -> dict[str, Any]:
    """A cell of a notebook, with nbgrader's marks (`about`) unless they are None."""
    metadata: dict[str, Any] = dict(more)
    if marks is not None:
        metadata["nbgrader"] = marks
    name = marks["grade_id"] if marks else f"text-{abs(hash(source)) % 10**8}"
    made = {"cell_type": kind, "id": name, "metadata": metadata, "source": source.strip("\n")}
    return made | ({"outputs": [], "execution_count": None} if kind == "code" else {})


def about(grade_id: str, **flags: Any) -> dict[str, Any]:
    """What nbgrader knows of a cell."""
    plain = {"grade": False, "solution": False, "locked": False, "task": False}
    return {"schema_version": 3, "grade_id": grade_id, **plain, **flags}


def unmarked(answer: str) -> str:
    """An answer without the marks around its solution, as a learner hands it in."""
    return "\n".join(line for line in answer.splitlines() if "### " not in line)


def cell_of(content: dict[str, Any], grade_id: str) -> dict[str, Any]:
    """The cell of that name in a notebook."""
    return next(
        cell
        for cell in content["cells"]
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == grade_id
    )


def course(root: Path, *, bot: bool = False) -> Path:
    """Make a course directory that holds the toy unit, and return it."""
    write_lab(root, bot=bot)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    return root


def write_lab(root: Path, *, bot: bool = False) -> None:
    """Put the toy unit into a course directory."""
    folder = root / "source" / UNIT
    folder.mkdir(parents=True)
    write(folder / f"{UNIT}.ipynb", notebook(bot=bot))


def submit(root: Path, student: str, content: dict[str, Any]) -> Path:
    """Put a notebook where nbgrader collects submissions."""
    path = root / "submitted" / student / UNIT / f"{UNIT}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    return write(path, content)


def work(root: Path, content: dict[str, Any]) -> Path:
    """Put a notebook where a learner works."""
    path = root / "work" / UNIT / f"{UNIT}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    return write(path, content)


def write(path: Path, content: dict[str, Any]) -> Path:
    path.write_text(json.dumps(content))
    return path


def duplicate(content: dict[str, Any], grade_id: str) -> dict[str, Any]:
    """Put a copy of a cell after it, as copy and paste do, and return the copy."""
    cell = cell_of(content, grade_id)
    twin = copy.deepcopy(cell)
    twin["id"] += "-copy"
    content["cells"].insert(content["cells"].index(cell) + 1, twin)
    return twin


def _stub(answer: str) -> str:
    head, _, rest = answer.partition("### BEGIN SOLUTION\n")
    return head + "raise NotImplementedError()\n" + rest.partition("### END SOLUTION\n")[2]


def _without_hidden(test: str) -> str:
    head, mark, rest = test.partition("### BEGIN HIDDEN TESTS\n")
    return head + rest.partition("### END HIDDEN TESTS\n")[2] if mark else test
