"""The toolbox: pages and programs that go home with the learner, and lead into the units."""

from __future__ import annotations

import ast
import asyncio
import gc
import hashlib
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import discord
import discord.gateway
import discord.http
import pytest
from discord.ext import commands
from running_kernel import run_all, warm_kernel
from side_by_side import side_by_side
from tries import tries

from autograder import world
from autograder.course.author import audit, build, parse, toolbox
from autograder.course.learner import copies
from autograder.course.unit import FOLDER, Unit, repository
from autograder.outcomes import UserMistake
from autograder.report.record import Block, Record
from autograder.report.report import Report
from autograder.world import console, guild_file

ROOT = repository()
SOURCE = ROOT / "source" / FOLDER
PAGES = [path for path in toolbox.texts(ROOT) if path.stem != "loopwatch"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with unit 03, and a toolbox of one page and one program, built."""
    tmp_path = tmp_path_factory.mktemp("built")
    shutil.copytree(Unit(ROOT, "03_gateway").folder, Unit(tmp_path, "03_gateway").folder)
    box = tmp_path / "source" / FOLDER
    box.mkdir()
    links = "[03](lesson:03_gateway/one-word), [lab](lab:03_gateway/defer_work)"
    page = f"# %% [markdown]\n# # A page\n#\n# {links}\n"
    (box / "page.py").write_text(page, encoding="utf-8")
    (box / "tool.py").write_text("print('a tool')\n", encoding="utf-8")
    build.build(tmp_path)
    return tmp_path


@pytest.fixture
def root(built: Path, tmp_path: Path) -> Path:
    """The same for one test, which may change it."""
    return Path(shutil.copytree(built, tmp_path / "course"))


@pytest.mark.slow
def test_pages_become_notebooks_whose_links_lead_to_cells(root: Path) -> None:
    page = (root / "notebooks" / "toolbox" / "page.ipynb").read_text(encoding="utf-8")
    cells = re.findall(r"\.\./03_gateway/(03_gateway\w*\.ipynb)#cell-id=([\w-]+)", page)
    assert [name for name, _ in cells] == ["03_gateway_lesson.ipynb", "03_gateway.ipynb"]
    unit = Unit(root, "03_gateway")
    for (_, identity), built in zip(cells, (unit.lesson, unit.release), strict=True):
        assert f'"id": "{identity}"' in built.read_text(encoding="utf-8")
    again, broken = toolbox.generate(root, {at: at.read_bytes() for at in (unit.lesson, unit.lab)})
    assert broken == []
    assert len(again) == 2
    assert all(path.read_bytes() == content for path, content in again.items())


def test_programs_are_passed_on_and_all_of_it_is_copied_to_work(root: Path) -> None:
    said = copies.copy_units(root)
    assert "work/toolbox/page.ipynb: copied." in said
    assert (root / "work" / "toolbox" / "tool.py").read_text() == "print('a tool')\n"
    assert audit.audit(root) == []


def test_a_program_that_is_not_ours_is_refused(root: Path) -> None:
    (root / "notebooks" / "toolbox" / "tool.py").write_text("print('another')\n")
    (root / "notebooks" / "stray.py").write_text("")
    assert audit.audit(root) == [
        "notebooks/stray.py: is neither a notebook nor a figure; remove it.",
        "notebooks/toolbox/tool.py: is not the file in source/; build it again.",
    ]


def test_the_cheat_sheet_says_where_other_programs_may_hide_a_block() -> None:
    page = parse.read(SOURCE / "which_job_goes_where.py", "the page")
    cell = next(cell for cell in page if "def figure(" in cell.source)
    block = Block(0.25, 0.0, "gil", "jobs.py", 3, "sorted(n)", "sort")
    records = {
        "free": Record("thread", seconds=0.3, late=[(0.0, 0.02)]),
        "hidden": Record("thread", seconds=0.3, late=[(0.0, 0.2)]),
        "held": Record("thread", seconds=0.3, late=[(0.0, 0.25)], blocks=[block]),
    }
    reports = {(job, "thread"): Report(record) for job, record in records.items()}
    names: dict[str, Any] = {"reports": reports, "PLACES": {}, "JOBS": {}}
    exec(cell.python, names)
    said = {job: names["figure"](job, "thread") for job in (*records, "other")}
    assert said == {"free": "< 5 ms", "hidden": "< 5 ms  ?", "held": "250 ms  X", "other": "-"}


def test_a_link_that_leads_nowhere_is_named_with_its_line(root: Path) -> None:
    Unit(root, "03_gateway").lab_text.unlink()  # to release it takes 2 s of CPU
    page = root / "source" / FOLDER / "page.py"
    page.write_text("# %% [markdown]\n# # A page\n# [no](lesson:03_gateway/two-words)\n")
    with pytest.raises(UserMistake, match=r"page\.py:3: the lesson of 03_gateway has no exper"):
        build.build(root)


@pytest.mark.slow
def test_what_the_pages_lead_to_exists() -> None:
    names: dict[Path, set[str]] = {}
    for kind, unit, name in toolbox.targets(ROOT):
        text = getattr(Unit(ROOT, unit), f"{kind}_text")
        if text not in names:
            names[text] = {
                cell.name
                for cell in parse.read(text, unit)
                if cell.role in (("experiment", "anchor") if kind == "lesson" else ("exercise",))
            }
        assert name in names[text], f"the {kind} of {unit} has no {name}"


def test_the_page_on_ones_own_bot_has_the_lines_that_the_gateway_prints() -> None:
    page = (SOURCE / "own_bot.py").read_text(encoding="utf-8")
    told = console.pointing("http://127.0.0.1:8765/api/v10", "ws://127.0.0.1:8765")
    for library, lines in told.items():
        assert f"# **{library}**\n" in page
        for line in lines:
            assert f"# {line}\n" in page, line


def test_the_page_on_ones_own_bot_has_the_guild_that_is_tried() -> None:
    page = (SOURCE / "own_bot.py").read_text(encoding="utf-8")
    text = "".join(f"# {line}".rstrip() + "\n" for line in guild_file.EXAMPLE.splitlines())
    assert text in page


def code_of(page: Path) -> list[str]:
    return [cell.source for cell in parse.read(page, page.name) if cell.kind == "code"]


@pytest.fixture(scope="module")
def outputs(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[pytest.FixtureRequest], Any]]:
    """What the cells of each page put out, of three pages at a time."""

    def run(page: Path) -> Any:
        with warm_kernel(tmp_path_factory.mktemp(page.stem)) as client:
            # 12 s were measured on an idle machine.
            return run_all(client, code_of(page), patience=180)

    with side_by_side(request, "test_a_page_runs_to_its_end", run, lanes=3) as of:
        yield of


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_runs_to_its_end(
    page: Path, outputs: Callable[[pytest.FixtureRequest], Any], request: pytest.FixtureRequest
) -> None:
    for source, shown in zip(code_of(page), outputs(request), strict=True):
        assert shown is not None, f"this cell never ended:\n{source}"
        assert not [one for one in shown if one["type"] == "error"], (source, shown)


# -- loopwatch -----------------------------------------------------------------------------------


@pytest.fixture
def loopwatch(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SOURCE))
    monkeypatch.delitem(sys.modules, "loopwatch", raising=False)
    import loopwatch

    return loopwatch


def watched(main: Coroutine[Any, Any, None]) -> None:
    """Run it, and wait for loopwatch's thread: it ends after its first look at a closed loop.

    That look tells of what it has not told yet: on a busy machine it may come a second late.
    """
    asyncio.run(main)
    for thread in threading.enumerate():
        if thread.name == "loopwatch":
            thread.join(10)


def noted(loopwatch: ModuleType, work: Callable[[], Any], limit: float = 0.2) -> list[str]:
    """What loopwatch says of a loop that runs `work` once."""
    notes: list[str] = []

    async def main() -> None:
        loopwatch.start(limit=limit, report=notes.append)
        await asyncio.sleep(0.1)
        work()
        await asyncio.sleep(0.5)  # its thread looks every 50 ms

    watched(main())
    return notes


def of_lines(notes: list[str]) -> list[str]:
    """Leave out the notes of a busy machine: loopwatch goes by the clock, and has no line then."""
    return [note for note in notes if not re.search(r"( s|so far): no line of ", note)]


def test_it_is_one_file_that_needs_nothing() -> None:
    text = (SOURCE / "loopwatch.py").read_text(encoding="utf-8")
    imported = set(re.findall(r"^ *(?:import|from) (\w+)", text, re.MULTILINE))
    assert imported <= set(sys.stdlib_module_names)
    ast.parse(text, feature_version=(3, 9))
    assert len(text.splitlines()) <= 300


@pytest.mark.slow
def test_it_names_the_line_that_sleeps(loopwatch: ModuleType) -> None:
    notes = of_lines(noted(loopwatch, lambda: time.sleep(1)))
    # A machine that stops for a second meanwhile has it told as "still held", too.
    [note] = [note for note in notes if note.startswith("loop held for")]
    assert re.search(
        r"loop held for (1\.\d|[2-9]\.\d)\d s: .*test_toolbox\.py:\d+ in <lambda>", note
    )
    assert "time.sleep(1)" in note


@pytest.mark.slow
def test_it_names_ones_own_line_and_not_the_library_beneath(loopwatch: ModuleType) -> None:
    def packs() -> None:
        hashlib.pbkdf2_hmac("sha256", b"tea", b"salt", 3_000_000)
        shutil.which("sleep")

    assert any("in packs" in note for note in noted(loopwatch, packs))


@pytest.mark.slow
def test_of_several_lines_it_names_the_one_that_held_the_loop_longest(
    loopwatch: ModuleType,
) -> None:
    def load_and_render() -> None:
        time.sleep(0.3)
        time.sleep(1.2)  # most of it

    def shares_of(notes: list[str]) -> list[float]:
        """The seconds of the two lines, in this order; empty if they are not as they should be."""
        both = r"# most of it.*? \(([\d.]+) s\).*time\.sleep\(0\.3\).*? \(([\d.]+) s\)"
        told = [re.search(both, note) for note in notes if note.startswith("loop held for")]
        return [float(seconds) for one in told if one for seconds in one.groups()]

    for _ in tries():
        # loopwatch goes by the clock: a machine that stops for 0.4 s, or wakes its thread so late,
        # gives that time to the other line. It does not do so in each of four runs.
        notes = of_lines(noted(loopwatch, load_and_render))
        shares = shares_of(notes)
        # 1.2 and 0.3 s, less 0.05 s and what the machine takes of a look
        if len(shares) == 2 and shares[0] > 0.8 and 0.1 < shares[1] < 0.7:
            return
    raise AssertionError(notes)


@pytest.mark.slow
def test_it_speaks_while_the_loop_is_held_and_once_at_the_end(loopwatch: ModuleType) -> None:
    # Its thread has a second to look after the first 0.5 s, and says so again at each doubling: in
    # 1.5 s twice, in 2.5 s, if the machine stops meanwhile, three times.
    notes = of_lines(noted(loopwatch, lambda: time.sleep(1.5), limit=0.05))
    notes = [note for note in notes if "time.sleep(1.5)" in note]
    assert {note.split(",")[0] for note in notes[:-1]} == {"loop still held"}, notes
    assert len(notes[:-1]) <= 3
    assert re.match(r"loop still held, (0\.[5-9]|1\.\d)\d s so far: ", notes[0]), notes
    assert notes[-1].startswith("loop held for ")


def test_it_tells_who_called_the_line_and_what_the_line_called(loopwatch: ModuleType) -> None:
    def command() -> None:
        helper(lambda: exec("import time\ntime.sleep(0.5)"))

    def helper(work: Callable[[], Any]) -> None:
        work()

    [note] = of_lines(noted(loopwatch, command))
    assert re.search(
        r"in <lambda>: helper\(lambda: exec.*, which runs <string>:2 in <module>", note
    )
    assert re.search(r", called at .*test_toolbox\.py:\d+ in main: work\(\)$", note)


@pytest.mark.slow
def test_a_callback_of_a_library_is_no_line_of_yours(loopwatch: ModuleType) -> None:
    async def main(notes: list[str]) -> None:
        loopwatch.start(limit=0.1, report=notes.append)
        await asyncio.sleep(0.1)
        asyncio.get_running_loop().call_soon(hashlib.pbkdf2_hmac, "sha256", b"", b"", 2_000_000)
        asyncio.get_running_loop().call_soon(shutil.which, "sleep")
        asyncio.get_running_loop().call_soon(time.sleep, 0.5)
        await asyncio.sleep(0)  # they run now: a second that began before them may end with them
        await asyncio.sleep(0.5)

    notes: list[str] = []
    watched(main(notes))
    assert notes
    assert not any("test_toolbox" in note for note in notes), notes


def test_a_block_at_whose_end_the_loop_is_closed_is_told(loopwatch: ModuleType) -> None:
    notes: list[str] = []
    told = threading.Event()

    def note(sentence: str) -> None:
        notes.append(sentence)
        if "# the last thing" in sentence:  # and not what a busy machine did before it
            told.set()

    async def main() -> None:
        loopwatch.start(limit=0.2, report=note)
        await asyncio.sleep(0.1)
        time.sleep(0.5)  # the last thing that it does

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    loop.close()  # before its thread looks again
    told.wait(10)
    assert any("time.sleep(0.5)  # the last thing" in note for note in notes), notes


def test_a_thread_that_keeps_the_gil_is_named_and_not_the_line_that_waits(
    loopwatch: ModuleType,
) -> None:
    def deep() -> Any:
        return re.match(r"(a+)+$", "a" * 23 + "b")

    async def main(notes: list[str]) -> None:
        loopwatch.start(limit=0.1, report=notes.append)
        idle = threading.Thread(target=time.sleep, args=(3,), name="idle", daemon=True)
        idle.start()
        await asyncio.sleep(0.1)
        await asyncio.to_thread(deep)
        # The pool's thread ends with this loop, and loopwatch may look a second late.
        ends = time.monotonic() + 10
        while "_0 kept" not in "".join(notes) and time.monotonic() < ends:  # noqa: ASYNC110
            await asyncio.sleep(0.05)

    notes: list[str] = []
    asyncio.run(main(notes))
    assert any(
        re.search(r"asyncio_0 kept the GIL (at .* in deep: return re\.match|until just now)", note)
        for note in notes
    ), notes
    assert not any("to_thread" in note or "idle" in note for note in notes)


@pytest.mark.slow
def test_a_collection_of_garbage_is_told(loopwatch: ModuleType) -> None:
    gc.disable()  # else Python searches while the lists are made: half of the CPU of this
    kept = [[number] for number in range(500_000)]
    gc.enable()
    for _ in tries():
        # loopwatch goes by the clock: where its thread waits for a CPU for longer than the
        # collection takes, that was not most of the time.
        notes = noted(loopwatch, gc.collect, limit=0.02)
        if any("to collect garbage" in note for note in notes):
            break
    assert any("to collect garbage" in note for note in notes), notes
    del kept


@pytest.mark.slow
def test_a_second_start_does_nothing(loopwatch: ModuleType) -> None:
    async def main(notes: list[str]) -> None:
        for _ in range(3):
            loopwatch.start(limit=0.1, report=notes.append)
        await asyncio.sleep(0.1)
        time.sleep(0.4)
        await asyncio.sleep(0.3)

    for _ in range(2):  # the second loop is watched as well
        notes: list[str] = []
        watched(main(notes))
        # A machine that stops for 0.6 s meanwhile has it told as "still held", too.
        ended = [note for note in of_lines(notes) if note.startswith("loop held for")]
        assert len(ended) == 1, notes


def test_it_runs_a_bot_as_it_is(tmp_path: Path) -> None:
    bot = tmp_path / "bot.py"
    bot.write_text(
        "import asyncio, sys, time\n"
        "async def main():\n"
        "    await asyncio.sleep(0.1)\n"
        "    time.sleep(0.5)  # its only block\n"
        "    await asyncio.sleep(1)  # a busy machine may wake its thread late\n"
        "    print(sys.argv, __name__)\n"
        "asyncio.run(main())\n"
    )
    line = [sys.executable, SOURCE / "loopwatch.py", bot, "--flag"]
    said = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout
    # It goes by the clock: a machine that stops for 0.5 s adds that, and has it told earlier, too.
    [note, told] = [line for line in of_lines(said.splitlines()) if "loop still held" not in line]
    assert re.match(r"\d\d:\d\d:\d\d loop held for (0\.[5-9]|1\.\d)\d s: ", note)
    assert note.endswith(f"{bot}:4 in main: time.sleep(0.5)  # its only block")
    assert told == f"[{str(bot)!r}, '--flag'] __main__"
    line = [sys.executable, SOURCE / "loopwatch.py", "missing.py"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "python loopwatch.py bot.py" in done.stderr


def test_a_bot_that_ends_with_a_block_has_it_told(tmp_path: Path) -> None:
    bot = tmp_path / "bot.py"
    bot.write_text(
        "import asyncio, time\n"
        "async def main():\n"
        "    await asyncio.sleep(0.1)\n"
        "    time.sleep(0.5)  # and that is all\n"
        "asyncio.run(main())\n"
    )
    line = [sys.executable, SOURCE / "loopwatch.py", bot]
    said = subprocess.run(line, capture_output=True, text=True, timeout=60, check=True).stdout
    assert "time.sleep(0.5)  # and that is all" in said


def test_a_program_that_runs_already_is_attached_to_where_python_can(
    loopwatch: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(sys, "remote_exec", raising=False)
    assert "needs Python 3.14" in loopwatch.attach(1)
    monkeypatch.setattr(loopwatch, "say", list[str]().append)
    notes: list[str] = []
    monkeypatch.setattr(loopwatch, "start", lambda: notes.append("started"))

    def remote_exec(pid: int, script: str) -> None:
        exec(Path(script).read_text(), {})  # as Python 3.14 does, in the other process

    async def main() -> str:
        monkeypatch.setattr(sys, "remote_exec", remote_exec, raising=False)
        error: str = loopwatch.attach(1)
        await asyncio.sleep(0.01)
        return error

    assert asyncio.run(main()) == ""
    assert notes == ["started"]


def test_it_is_silent_when_the_loop_is_free(loopwatch: ModuleType) -> None:
    # A starved machine may hold a loop for 0.2 s, not for 2.
    assert noted(loopwatch, lambda: time.sleep(0.01), limit=2) == []


@pytest.mark.slow
def test_it_names_the_command_of_a_real_bot(
    loopwatch: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discord.http.Route, "BASE", discord.http.Route.BASE)
    socket = discord.gateway.DiscordWebSocket
    monkeypatch.setattr(socket, "DEFAULT_GATEWAY", socket.DEFAULT_GATEWAY)
    notes: list[str] = []

    class Bot(commands.Bot):
        async def setup_hook(self) -> None:
            loopwatch.start(limit=0.4, report=notes.append)

    bot = Bot("!", intents=discord.Intents.all(), help_command=None)

    @bot.command()
    async def roll(ctx: Any) -> None:
        time.sleep(1.5)  # what it is to find
        await ctx.send("ada rolls 7")

    async def night() -> None:
        servers = await world.start()
        gw = await servers.gateway(heartbeat=5)
        world.point(gw)
        async with bot:
            living = asyncio.create_task(bot.start(gw.token))
            assert await gw.until(ready=1)
            await gw.say("!roll")
            assert await gw.until(replies=1)
            await asyncio.sleep(0.3)
            await bot.close()
            await living

    world.private()
    try:
        watched(night())
    finally:
        world.leave()
    assert any("in roll: time.sleep(1.5)" in note for note in notes), notes
