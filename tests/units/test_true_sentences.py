"""What lessons and labs say of Python and of discord.py, where a run can prove it.

Each test is named after a sentence that learners read. Most of these sentences were false once.
"""

from __future__ import annotations

import asyncio
import inspect
import itertools
import re
import subprocess
import sys
import textwrap
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiohttp
import discord
import pytest
from discord import app_commands
from discord.ext import commands, tasks
from running_kernel import run_all, warm_kernel

from autograder.course.author import parse
from autograder.course.author.parse import TextCell
from autograder.course.unit import repository

SOURCE = repository() / "source"


def code(text: str) -> list[TextCell]:
    """The code cells of a lesson or a lab, named by its path below source/."""
    return [cell for cell in parse.read(SOURCE / text, text) if cell.kind == "code"]


def said(outputs: list[dict[str, Any]] | None, stream: str) -> str:
    assert outputs is not None, "the cell never ended"
    assert not [one for one in outputs if one["type"] == "error"], outputs
    return "".join(one["text"] for one in outputs if one.get("name") == stream)


def in_a_script(source: str) -> str:
    """What a program of its own writes to its log."""
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(source)], capture_output=True, text=True, check=True
    )
    return done.stderr


# 01, after `knock`


@pytest.mark.slow
def test_a_lost_coroutine_is_named_once_in_each_run_of_a_cell(tmp_path: Path) -> None:
    cells = code("01_coroutines/lesson.py")
    (last,) = [number for number, cell in enumerate(cells) if cell.name == "knock"]
    sources = [cell.source for cell in cells[: last + 1]]
    with warm_kernel(tmp_path) as client:
        outputs = run_all(client, [*sources, sources[-1]], patience=60)
    for run in outputs[-2:]:
        assert said(run, "stderr").count("coroutine 'is_banned' was never awaited") == 1


def test_in_one_long_run_python_names_the_line_once() -> None:
    log = in_a_script(
        """
        import asyncio

        async def is_banned(name):
            return False

        async def knock(name):
            if is_banned(name):
                pass

        async def main():
            for name in ("ada", "bo", "cy"):
                await knock(name)
                await asyncio.sleep(0)

        asyncio.run(main())
        """
    )
    assert log.count("coroutine 'is_banned' was never awaited") == 1


# 01, In your bot


def test_discord_py_awaits_a_check_that_is_a_coroutine_function() -> None:
    async def may_all(ctx: Any) -> bool:
        return True

    async def is_mod(ctx: Any) -> bool:
        await asyncio.sleep(0)
        return bool(ctx.author == "ada")

    @commands.command()
    @commands.check(is_mod)
    async def kick(ctx: commands.Context[Any]) -> None: ...

    async def runs(author: str) -> bool:
        ctx: Any = SimpleNamespace(
            author=author, command=kick, bot=SimpleNamespace(can_run=may_all)
        )
        return await kick.can_run(ctx)

    assert asyncio.run(runs("ada")) is True
    assert asyncio.run(runs("cy")) is False


# 02, part 5: a task that nobody waits for


def test_python_logs_the_exception_of_a_dropped_task_while_the_program_runs_on() -> None:
    log = in_a_script(
        """
        import asyncio, sys

        async def note(line, raising):
            await asyncio.sleep(0.01)
            raising.set()
            raise OSError("the book is full")

        async def main():
            raising = asyncio.Event()  # not a sleep: on a busy machine `note` may begin after it
            asyncio.create_task(note("ada rolled 7", raising))
            await raising.wait()
            await asyncio.sleep(0)
            print("the bot runs on", file=sys.stderr)

        asyncio.run(main())
        """
    )
    assert re.search(
        r"Task exception was never retrieved(?s:.*)in note(?s:.*)OSError: the book is full\n"
        r"the bot runs on\n$",
        log,
    ), log


# 01 and 02: the star in `gather(*(...))`


def test_gather_takes_no_list() -> None:
    async def main() -> None:
        waiting = asyncio.sleep(0)
        try:
            await asyncio.gather([waiting])  # type: ignore[call-overload]
        finally:
            waiting.close()

    with pytest.raises(TypeError, match=r"^unhashable type: 'list'$"):
        asyncio.run(main())


# 06, part 4: what `cancel` does


def test_cancelling_goes_from_the_outside_in_and_the_finally_blocks_from_the_inside_out() -> None:
    cancelled: list[str] = []

    class Told(asyncio.Task[Any]):
        def cancel(self, msg: Any | None = None) -> bool:
            code = self.get_coro()
            frame = getattr(code, "cr_frame", None)
            place = frame.f_locals.get("place", "museum") if frame else "?"
            cancelled.append(str(place))
            return super().cancel(msg)

    names: dict[str, Any] = {"asyncio": asyncio, "time": time}
    for cell in code("06_structure/lesson.py"):
        if re.search(r"^async def (room|hall|museum)\b", cell.source, re.MULTILINE):
            exec(compile(cell.source, "lesson", "exec"), names)

    async def main() -> str:
        loop = asyncio.get_running_loop()
        loop.set_task_factory(lambda loop, work, **more: Told(work, loop=loop, **more))  # type: ignore[arg-type]
        return str(await asyncio.create_task(names["museum"]()))

    assert asyncio.run(main()) == "closed"
    halls, rooms = ["hall A", "hall B"], [f"hall {x} room {n}" for x in "AB" for n in (1, 2, 3)]
    assert [cancelled[0], sorted(cancelled[1:3]), sorted(cancelled[3:])] == ["museum", halls, rooms]
    locked = [place for place, *_ in sorted(names["notes"], key=lambda note: note[3])]
    assert [sorted(locked[:6]), sorted(locked[6:])] == [rooms, halls]


# 06, part 5: the nightly loop


async def looped(
    body: Callable[[int], Awaitable[object]],
    failed: Callable[[Any], Awaitable[object]] | None = None,
    enough: int = 1,
) -> tuple[list[float], bool]:
    """Run a body as a loop of 0.05 s for 0.8 s; return when it began, and whether it still ran.

    In a process that gets no CPU for that long, little has happened by then: so it runs on until
    the body has begun so often, or the loop is over.
    """
    nights: list[float] = []

    @tasks.loop(seconds=0.05)
    async def night() -> None:
        nights.append(time.monotonic())
        await body(len(nights))

    if failed is not None:

        @night.error
        async def _(error: BaseException) -> None:
            await failed(night)

    task = night.start()
    await asyncio.sleep(0.8)
    while len(nights) < enough and night.is_running():  # noqa: ASYNC110 it has no event
        await asyncio.sleep(0.05)
    running = night.is_running()
    night.cancel()
    await asyncio.wait([night.get_task() or task])
    return nights, running


def gaps(nights: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(nights)]


def test_a_value_error_ends_a_nightly_loop_and_is_logged_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def third_fails(number: int) -> None:
        if number == 3:
            raise ValueError("no scores tonight")

    nights, running = asyncio.run(looped(third_fails, enough=4))
    assert (len(nights), running) == (3, False)
    assert [one.levelname for one in caplog.records if one.name == "discord.ext.tasks"] == ["ERROR"]


@pytest.mark.parametrize(
    "error", [OSError(), TimeoutError(), aiohttp.ClientError(), discord.ConnectionClosed]
)
def test_a_network_error_never_reaches_the_error_handler_and_the_night_runs_again(
    caplog: pytest.LogCaptureFixture, error: Any
) -> None:
    if error is discord.ConnectionClosed:
        error = discord.ConnectionClosed(SimpleNamespace(close_code=1006), shard_id=None)  # type: ignore[arg-type]
    heard = []

    async def offline(number: int) -> None:
        raise error

    async def failed(night: Any) -> None:
        heard.append(night)

    _, running = asyncio.run(looped(offline, failed))
    assert (heard, running) == ([], True)
    first = next(one for one in caplog.records if one.name == "discord.ext.tasks")
    (pause,) = re.findall(r"Retrying in (\d\.\d\d)s", first.getMessage())
    assert 0 <= float(pause) <= 2


def test_start_in_an_error_handler_raises_and_restart_leaves_out_the_interval() -> None:
    raised = []

    async def fails(number: int) -> None:
        await asyncio.sleep(0.005)
        raise ValueError("no scores tonight")

    async def start(night: Any) -> None:
        try:
            night.start()
        except RuntimeError as error:
            raised.append(str(error))

    async def restart(night: Any) -> None:
        night.restart()

    async def restart_after_the_interval(night: Any) -> None:
        await asyncio.sleep(0.05)
        night.restart()

    once, running = asyncio.run(looped(fails, start, enough=2))
    many, _ = asyncio.run(looped(fails, restart, enough=5))
    paced, _ = asyncio.run(looped(fails, restart_after_the_interval, enough=3))
    assert raised == ["Task is already launched and is not completed."]
    assert (len(once), running) == (1, False)
    assert min(gaps(many)) < 0.049 <= min(gaps(paced))  # an interval is 0.05 s


def test_nights_of_a_loop_never_overlap_and_missed_ones_follow_immediately() -> None:
    under_way: list[int] = []

    async def first_is_slow(number: int) -> None:
        assert not under_way
        under_way.append(number)
        await asyncio.sleep(0.22 if number == 1 else 0)
        under_way.clear()

    # Four were due meanwhile, and three intervals are 0.15 s. A process that gets no CPU between
    # two of these nights is late by itself; of several runs, the least is the loop's own.
    followed: list[float] = []
    while not followed or (len(followed) < 5 and followed[-1] >= 0.14):
        under_way.clear()  # the run before may have ended in the middle of a night
        nights, running = asyncio.run(looped(first_is_slow, enough=5))
        assert running
        assert nights[1] - nights[0] >= 0.22
        followed.append(nights[4] - nights[1])
    assert min(followed) < 0.14, followed


def test_logging_is_set_up_by_run_and_not_by_start() -> None:
    assert "setup_logging" in inspect.getsource(discord.Client.run)
    assert "setup_logging" not in inspect.getsource(discord.Client.start)


# 09, In your bot


def fenced(text: str, begins: str) -> str:
    """The Python in the prose of a text that begins with this line."""
    prose = (SOURCE / text).read_text("utf-8").replace("\n# ", "\n").replace("\n#\n", "\n\n")
    (block,) = [one for one in re.findall(r"```python\n(.*?)```", prose, re.S) if begins in one]
    return str(block)


def test_the_day_is_given_back_when_the_coins_cannot_be_paid() -> None:
    broken = True

    async def add_coins(who: int, coins: int) -> None:
        await asyncio.sleep(0)
        if broken:
            raise OSError("the bank is closed")
        paid.append((who, coins))

    paid: list[tuple[int, int]] = []
    ctx = SimpleNamespace(author=SimpleNamespace(id=7))
    bot = SimpleNamespace(command=lambda: lambda function: function)
    names: dict[str, Any] = {"bot": bot, "paid_today": set(), "add_coins": add_coins}
    exec(fenced("09_queues/lesson.py", "async def daily(ctx)"), names)  # the second one stays

    async def clicks() -> None:
        await asyncio.gather(*(names["daily"](ctx) for _ in range(3)))

    with pytest.raises(OSError, match="the bank is closed"):
        asyncio.run(clicks())
    assert names["paid_today"] == set()
    broken = False
    asyncio.run(clicks())
    assert paid == [(7, 100)]


def test_max_concurrency_is_for_prefix_and_hybrid_commands_only() -> None:
    once = commands.max_concurrency(1, per=commands.BucketType.user, wait=True)
    tree = app_commands.CommandTree(discord.Client(intents=discord.Intents.none()))

    @commands.command()
    @once
    async def prefix(ctx: commands.Context[Any]) -> None: ...

    @commands.hybrid_command()
    @once
    async def hybrid(ctx: commands.Context[Any]) -> None: ...

    @tree.command()
    @once
    async def slash(interaction: discord.Interaction) -> None: ...

    for command in (prefix, hybrid):
        assert command._max_concurrency is not None
    assert not hasattr(slash, "_max_concurrency")
    package = Path(discord.__file__).parent
    for folder in ("app_commands", "ui"):
        for path in (package / folder).glob("*.py"):
            assert "max_concurrency" not in path.read_text("utf-8"), path


# 13, part 1: a client in fifty lines


def test_the_intents_of_the_small_client_are_servers_messages_and_their_text() -> None:
    (line,) = re.findall(
        r"^INTENTS = ([\d +]+)  #", (SOURCE / "13_by_hand/lesson.py").read_text("utf-8"), re.M
    )
    intents = discord.Intents(guilds=True, guild_messages=True, message_content=True)
    assert sum(map(int, line.split("+"))) == intents.value


# 13, In your bot


def test_the_duties_are_where_the_table_says_in_discord_py() -> None:
    package = Path(discord.__file__).parent
    gateway, client = ((package / name).read_text("utf-8") for name in ("gateway.py", "client.py"))
    assert "class KeepAliveHandler(threading.Thread)" in gateway
    assert "coro = self.ws.close(4000)" in gateway
    assert discord.Client(intents=discord.Intents.none())._connection.heartbeat_timeout == 60.0
    hello = gateway.partition("if op == self.HELLO:")[2].partition("return")[0]
    assert "send a heartbeat immediately" in hello
    assert "random" not in hello
    noted = gateway.partition("seq = msg.get('s')")[2]
    assert re.match(r"\s+if seq is not None:\s+self\.sequence = seq\n", noted)
    assert "def _schedule_event(" in client
    assert "backoff = ExponentialBackoff()" in client.partition("async def connect(")[2]
    assert "enable_debug_events" in client


# 10, In your bot


def test_tasks_of_discord_py_have_the_names_that_the_table_says() -> None:
    package = Path(discord.__file__).parent
    source = "".join(path.read_text("utf-8") for path in package.rglob("*.py"))
    text = (SOURCE / "10_debugging/lesson.py").read_text("utf-8")
    table = text.partition("| the name begins with |")[2].partition("# %%")[0]
    names = re.findall(r"^# \| `(.+?)` \|", table, re.MULTILINE)
    assert len(names) == 4
    for name in names:
        assert f"'{name}" in source or name == "discord.py: on_message", name
    assert "name=f'discord.py: {event_name}'" in source


# 11, the lab's worked example


@pytest.mark.slow
def test_the_worked_example_of_lab_11_sees_the_thread(tmp_path: Path) -> None:
    cells = code("11_catalog/lab.py")
    (last,) = [number for number, cell in enumerate(cells) if "while it waits" in cell.source]
    with warm_kernel(tmp_path) as client:
        outputs = run_all(client, [cell.source for cell in cells[: last + 1]], patience=60)
    assert re.search(r"while it waits: \['asyncio_\d+'\]", said(outputs[last], "stdout"))
