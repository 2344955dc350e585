"""`autograder run BOT`: what a bot's author is told, and that nothing reaches Discord.

The bots are files that know nothing of this course. They run in processes of their own; the
gateway's heartbeat is 0.2 s, so a block of 0.5 s costs a bot its connection.

The gateway is in this process, and a busy machine may stop both of them for a second. What must
come has 20 s. A bot that is to be hung up on blocks for 1 s longer than the gateway's patience, or
does so twice; one that is not to be has 2 s.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from autograder import cli
from autograder.bench.hogs import rivals
from autograder.outcomes import UserMistake
from autograder.own_bot import interpreter, process
from autograder.own_bot import run as own_bot
from autograder.world.gateway import uses

ROOT = Path(__file__).parents[2]
BOTS = Path(__file__).parent / "bots"
# In the form of Discord's tokens; neither is one.
TOKEN = "MTE0OTk5OTk5OTk5OTk5OTk5OQ.GabcdE.given_in_the_environment_of_this_b0"
LITERAL = "literal_in_the_code"

Run = Callable[..., tuple[int, str, dict[str, Any]]]
LIBRARIES = ("discord", "nextcord", "disnake", "pycord", "hikari")


@pytest.fixture
def run(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a bot with a script, and return the exit code, all that was printed, and the JSON.

    A run that ends with "run it again when fewer programs run" is run again, twice at most.
    """
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("HOME_CHANNEL", "200000000000000000")

    def run_it(bot: Path, *script: str, **options: Any) -> tuple[int, str, dict[str, Any]]:
        written, found = tmp_path / "talk.txt", tmp_path / "found.json"
        written.write_text("\n".join(script), encoding="utf-8")
        options = {"heartbeat": 0.2, "script": str(written), "json_file": str(found)} | options
        for pause in (1, 2, 0):
            code = own_bot.run(str(bot), **options)
            out, err = capfd.readouterr()
            told = json.loads(found.read_text(encoding="utf-8"))
            print(out, err, told["blocks"])  # for the report of a test that fails
            if code != 0 or not told["doubtful"]:
                break
            time.sleep(pause)
        return code, out + err, told

    return run_it


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """People who look for a second before they click.

    A library knows its buttons and modals only when the answer to its call has arrived. A bot that
    got no CPU for 0.25 s would lose the click, and never answer.
    """
    monkeypatch.setattr(uses, "REACTION", 1.0)


def python_of(library: str) -> str | None:
    """Return the interpreter that has the library (None: ours), or skip what needs it."""
    if library == "discord":
        return None
    python = Path(os.environ.get("UNBLOCKED_CLIENTS", "")).resolve() / library / "bin" / "python"
    if "UNBLOCKED_CLIENTS" not in os.environ or not python.exists():
        pytest.skip(f"{library} has no environment: see tests/clients/README.md")
    return str(python)


@pytest.mark.slow
def test_a_blocking_bot_hears_line_calls_command_and_missed_heartbeats(run: Run) -> None:
    code, said, found = run(
        BOTS / "blocking.py",
        "# the first block is that of a task loop",
        "wait 0.5",
        "ada: !weather Oslo",
        'expect "rain in Oslo" within 20',
        "bo: /forecast city=Bergen days:3",
        heartbeat=0.15,  # it is hung up on after 0.3 s of the block's 0.5
    )
    assert code == 1
    # At least as long as it sleeps, less two turns of the GIL; a machine that stops adds to it.
    assert re.search(r"HELD +for (48[89] ms|49\d ms|[5-9]\d\d ms|1\.\d\d s) \(limit", said)
    assert "at blocking.py:15 in get_weather" in said  # while it lasted
    assert "blocking.py:21 in weather: text = get_weather(city)" in said  # the call that led there
    assert "closed the connection" in said
    assert "The loop was held for 100 ms or longer at 2 lines:" in said
    assert TOKEN not in said
    assert LITERAL not in said
    assert LITERAL not in json.dumps(found)
    worst, second = sorted(found["lines"], key=lambda line: int(line["line"]))
    assert (worst["file"], worst["line"], worst["code"]) == ("blocking.py", 15, "time.sleep(0.5)")
    assert worst["doing"] == ["command !weather", "command /forecast"]
    assert worst["times"] == 2
    # What Linux counted as a wait for a CPU, and may have been sleep, is kept as doubt.
    doubt = sum(block["doubt"] for block in found["blocks"])
    assert worst["longest"] + doubt > 0.488
    assert worst["longest"] < 2
    assert worst["total"] + doubt > 0.975
    assert worst["heartbeats_missed"] >= 4
    assert second["doing"] == ["task loop feed"]
    assert second["code"] == 'time.sleep(0.3 if "[token]" else 0)'
    # A gateway that wakes 0.2 s late finds the heartbeat after a block of 0.5 s, but not twice.
    assert found["kills"] >= 1
    assert [one["met"] for one in found["expected"]] == [True]


@pytest.mark.parametrize("library", LIBRARIES[1:])
def test_a_bot_of_another_library_hears_its_line(library: str, run: Run) -> None:
    script = "ada: !weather Oslo", 'expect "rain in Oslo" within 20'
    code, said, found = run(BOTS / f"{library}_bot.py", *script, python=python_of(library))
    assert code == 1
    (line,) = found["lines"]
    assert line["code"] == "time.sleep(1.5)"
    assert line["doing"] == ["listener weather" if library == "hikari" else "command !weather"]
    assert line["heartbeats_missed"] >= 2
    assert found["kills"] >= 1  # a machine that stops for 0.4 s costs it another one
    assert found["resumes"] >= 1
    assert LITERAL not in said


@pytest.mark.parametrize("library", LIBRARIES[1:])
def test_loopwatch_runs_a_bot_of_each_library(library: str, run: Run) -> None:
    script = "ada: !weather Oslo", 'expect "rain in Oslo" within 20'
    bot = [str(BOTS / f"{library}_bot.py")]
    options = {"python": python_of(library), "arguments": bot}
    code, said, _ = run(ROOT / "source" / "toolbox" / "loopwatch.py", *script, **options)
    assert code == 1
    # loopwatch goes by the clock: what other programs take is added to the 1.5 s.
    held = r"loop held for (1\.[4-9]|[2-9]\.\d)\d s: .*_bot\.py:\d+ in get_weather: time\.sleep"
    assert re.search(held, said)


@pytest.mark.slow
def test_a_mended_bot_is_free_and_talks_in_channels_messages_and_embeds(run: Run) -> None:
    code, said, found = run(
        BOTS / "mended.py",
        'expect "rain or shine" within 20',
        "bo in #games: !weather Oslo",
        'expect "rain in Oslo" within 20',
        "dm cy: !weather Rome",
        'expect "rain in Rome" within 20',
        "quit",
        "ada: never said",
        heartbeat=1.0,  # on a busy machine, a free bot may be silent for a second more than that
    )
    assert code == 0
    # On a busy machine it may stay open whether a short pass was a block.
    free = "The loop was free: no block of 100 ms or longer."
    assert free in said or "the machine was too busy to tell" in said
    assert "[embed: Welcome rain or shine]" in said
    assert "#games  rain in Oslo" in said
    assert "never said" not in said
    assert found["lines"] == found["blocks"] == []
    assert found["kills"] == 0


POLL = (
    "/poll begin topic=cats by=bo",
    'expect "cats, asks bo" within 20',
    'click "Vote"',
    'expect "1 voted" within 20',
    "click 👍 as bo",
    'expect "2 voted" within 20',
    'choose "Red" "Blue"',
    'expect "ada: BR" within 20',
    "choose cy as bo",
    'expect "hello cy" within 20',
    "click Why",
    'expect "Your name" within 20',
    'fill "Your name"="Ada" Reason="because: so"',
    'expect "Ada says: because: so" within 20',
    "click Why as cy",
    'fill "Your name"=Cy as cy',
    'expect "Cy says: nothing" within 20',
    "click Close",
    'expect "2 votes in all" within 20',
)


@pytest.mark.parametrize("library", LIBRARIES)
def test_buttons_menus_and_modals_are_used_by_their_words(
    library: str, run: Run, unhurried: None
) -> None:
    python = python_of(library)
    code, said, found = run(BOTS / f"{library}_poll.py", *POLL, python=python, heartbeat=1.0)
    assert [one["text"] for one in found["expected"] if not one["met"]] == []
    assert "[👍 Vote] [Why] [Close] [Colours: Red, Blue] [Who]" in said
    assert "Why?: Your name, Reason" in said
    assert code == 0
    assert found["kills"] == 0


@pytest.mark.slow
def test_a_button_that_does_not_come_is_an_expectation_not_met(
    run: Run, unhurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uses, "PATIENCE", 0.3)
    monkeypatch.setattr(own_bot, "PATIENCE", 0.3)
    script = *POLL[:2], "click Vite", 'click "Vote"', 'expect "1 voted" within 20'
    code, said, found = run(BOTS / "discord_poll.py", *script)
    sentence = 'there is no button "Vite" to click; there is Vote, Why, Close'
    assert code == 1
    assert [(one["text"], one["met"]) for one in found["expected"]] == [
        ("cats, asks bo", True),
        (sentence, False),
        ("1 voted", True),  # the script goes on
    ]
    assert f"line 3: {sentence}" in said
    assert "1 expectation was not met." in said


@pytest.mark.parametrize("library", LIBRARIES)
def test_a_block_in_a_button_names_the_button(
    library: str, run: Run, unhurried: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = python_of(library)
    monkeypatch.setenv("TALLY", "1.5")
    script = POLL[0], 'click "Vote"', "click Close", 'expect "1 votes in all" within 20'
    code, said, found = run(BOTS / f"{library}_poll.py", *script, python=python)
    assert code == 1, (said, found)
    (line,) = found["lines"]
    assert line["code"].startswith("time.sleep(float(")
    assert line["doing"] == ["listener answer" if library == "hikari" else "button Close"]
    assert line["heartbeats_missed"] >= 2
    assert [one["met"] for one in found["expected"]] == [True]
    assert "last given 'click \"Close\"'" in said


@pytest.mark.parametrize("library", LIBRARIES)
def test_people_edit_delete_react_reply_and_upload(library: str, run: Run, tmp_path: Path) -> None:
    python = python_of(library)
    note = tmp_path / "note.txt"
    note.write_text("hello")
    code, said, found = run(
        BOTS / f"{library}_listener.py",
        "ada: hello",
        'expect "heard hello" within 20',
        'edit "hello again"',
        'expect "hello became hello again" within 20',
        "delete",
        'expect "hello again is gone" within 20',
        "react thumbs up as bo",
        'expect "bo adds 👍" within 20',
        'reply "thanks" as cy',
        'expect "heard thanks (to bo adds 👍)" within 20',
        f'upload {note} "look"',
        'expect "heard look note.txt, 5 bytes, text/plain" within 20',
        f"/scan file={note}",
        'expect "note.txt has 5 bytes" within 20',
        "bo: I am bo",
        'expect "heard I am bo" within 20',
        "suggest /look for=ca",
        'expect "cats, cars" within 20',
        'use "Report" on bo as cy',
        'expect "cy reports I am bo (only cy sees this)" within 20',
        'use "Profile" on bo',
        'expect "bo came in 2026 (only ada sees this)" within 20',
        "ratelimit 1/2",
        "ada: one",
        'expect "heard one" within 20',
        "bo: two",
        'expect "heard two" within 20',
        "ratelimit 0",
        "slow 0.4",
        "ada: three",
        'expect "heard three" within 0.2',
        "slow 0",
        'expect "heard three" within 20',
        "help",
        python=python,
    )
    unmet = [one["text"] for one in found["expected"] if not one["met"]]
    assert unmet == ["heard three"]  # at first: the event came 0.4 s late
    assert code == 1
    waited = next(one["seconds"] for one in found["expected"] if one["text"] == "heard two")
    assert waited > 0.5  # the library waits for the limit's end
    assert "look [file: note.txt]" in said
    assert "/scan file=note.txt" in said
    assert "\n/look for\n" in said  # in the list of `help`
    assert '\nuse "Report"\n' in said
    asked = {one["said"]: one["answered_after"] for one in found["asked"]}
    assert asked["/scan file=note.txt"] < 20


@pytest.mark.slow
def test_an_expectation_that_is_not_met_fails_the_run(run: Run) -> None:
    code, said, found = run(BOTS / "mended.py", "ada: !weather", 'expect "snow" within 0.7')
    assert code == 1
    assert "line 2: 'snow' did not come within 700 ms" in said
    assert "1 expectation was not met." in said
    assert found["expected"][0]["met"] is False


@pytest.mark.slow
def test_a_run_is_kept_and_drawn_with_ids_of_ones_own(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guild, picture = tmp_path / "guild.toml", tmp_path / "night.svg"
    guild.write_text('[[channels]]\nname = "lounge"\nid = 812345678901234568\n')
    monkeypatch.setenv("HOME_CHANNEL", "812345678901234568")
    kept: list[tuple[str, int]] = []

    def keep(bot: Path, found: dict[str, Any]) -> str:
        kept.append((bot.name, len(found["lines"])))
        return "it is kept"

    options = {"guild": str(guild), "picture": str(picture), "keep": keep}
    code, said, found = run(
        BOTS / "mended.py", "ada: !weather Oslo", 'expect "rain in Oslo" within 20', **options
    )
    assert code == 0
    assert "#lounge  rain in Oslo" in said
    assert kept == [("mended.py", 0)]
    assert "it is kept" in said
    assert "mended.py ran for" in said
    assert picture.read_text(encoding="utf-8").startswith("<?xml")
    assert "1 of 1 question got an answer:" in said
    assert found["asked"][0]["answered_after"] < 20
    with pytest.raises(UserMistake, match=r"must end in \.png or \.svg"):
        run(BOTS / "mended.py", "ada: hi", picture="night.gif")


@pytest.mark.slow
def test_a_limit_below_a_block_is_exceeded_and_one_above_is_not(run: Run) -> None:
    code, _, found = run(BOTS / "blocking.py", "wait 0.3", limit=2.0)
    assert code == 0
    assert found["limit"] == 2.0


@pytest.mark.slow
def test_what_a_script_asks_in_vain_is_the_users_mistake(run: Run) -> None:
    with pytest.raises(UserMistake, match="Line 2 of the script: there is no channel #attic"):
        run(BOTS / "mended.py", "ada: hi", "ada in #attic: hi")


def test_a_bot_finds_its_arguments_folder_and_environment_as_they_are(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEPT", "as it is")
    home = tmp_path / "home"
    home.mkdir()
    (home / "bot.py").write_bytes((BOTS / "itself.py").read_bytes())
    (home / "beside.py").write_text("NAME = 'beside'\n")
    (home / "path").mkdir()
    (home / "path" / "sitecustomize.py").write_text("print('another sitecustomize ran')\n")
    monkeypatch.setenv("PYTHONPATH", str(home / "path"))
    code, said, found = run(home / "bot.py", script=None, arguments=["0", "--flag"])
    assert code == 0
    told = json.loads(next(line for line in said.splitlines() if line.startswith("found"))[6:])
    assert told == [
        ["bot.py", "0", "--flag"], str(home), str(home), "__main__", "as it is", "beside",
        False, False,
    ]  # fmt: skip
    assert "another sitecustomize ran" in said
    assert "its loop was held 4 times" in said  # asyncio.run, run_until_complete twice, uvloop
    assert found["lines"] == []  # before it was connected, no heartbeat was due


def test_what_follows_two_dashes_is_the_bots() -> None:
    options = cli._read(["run", "bot.py", "--limit", "0.5", "--", "--json", "-x", "--", "y"])
    assert (options.bot, options.limit, options.json) == ("bot.py", 0.5, None)
    assert options.rest == ["--json", "-x", "--", "y"]
    with pytest.raises(UserMistake, match="`run` does not take `--colour`"):
        cli._read(["run", "bot.py", "--colour"])


def test_the_python_beside_the_bot_runs_it(tmp_path: Path) -> None:
    bot = tmp_path / "bot.py"
    assert interpreter.find(bot, None) == sys.executable
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    assert interpreter.find(bot, None) == str(python)
    with pytest.raises(UserMistake, match="--python nosuch: there is no such program"):
        interpreter.find(bot, "nosuch")
    old = tmp_path / "python3.9"
    old.write_text("#!/bin/sh\necho 3 9\n")
    old.chmod(0o755)
    with pytest.raises(UserMistake, match=r"is Python 3\.9; a bot is watched on Python 3\.10"):
        interpreter.find(bot, str(old))
    with pytest.raises(UserMistake, match="does not run as a Python"):
        interpreter.find(bot, "true")
    with pytest.raises(UserMistake, match=r"There is no bot .*bot\.py"):
        own_bot.run(str(bot))


def test_a_bot_that_fails_is_told_apart_from_one_that_blocks(run: Run, tmp_path: Path) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise SystemExit(7)\n")
    code, said, found = run(broken, "ada: hi")
    assert code == 3
    assert "The bot ended by itself with exit code 7, before the script was done." in said
    assert found["failure"] in said
    assert "The loop was free" not in said


def test_a_try_to_reach_discord_ends_the_run_in_a_sentence(run: Run, tmp_path: Path) -> None:
    bot = tmp_path / "reaching.py"
    bot.write_text("import socket\nsocket.getaddrinfo('cdn.discordapp.com', 443)\n")
    code, said, _ = run(bot, "ada: hi")
    assert code == 3
    assert "The bot tried to reach cdn.discordapp.com. Nothing was sent" in said
    assert "ended by itself" not in said  # it did, because of that


@pytest.mark.slow
def test_each_way_to_discord_is_refused(tmp_path: Path) -> None:
    """The guard alone, in a process that nobody ends at its first try."""
    settings = {"rest": "", "ws": "", "token": "t", "limit": 1, "port": 9, "secret": ""}
    done = subprocess.run(
        [sys.executable, str(BOTS / "names.py")],
        env=process.environment(dict(os.environ), settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "12 refused:" in done.stdout, done.stdout + done.stderr
    assert "elsewhere: ('127.0.0.1', 80)" in done.stdout


@contextlib.contextmanager
def command(bot: Path, **streams: Any) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, which ends with the block."""
    line = [sys.executable, "-m", "autograder", "run", str(bot), "--heartbeat", "0.2"]
    with subprocess.Popen(line, cwd=ROOT, text=True, **streams) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.slow
def test_lines_that_are_piped_in_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("HOME_CHANNEL", "200000000000000000")
    said = []
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with command(BOTS / "mended.py", **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            print(line, end="")  # for the report of a test that fails
            if "[embed: Welcome" in line:
                process.stdin.write("hm\nada: !weather Rome\n")
                process.stdin.write("expect 'rain in Rome' within 20\nhelp\n")
                process.stdin.close()
        assert process.wait(60) == 0
    whole = "".join(said)
    assert "write `ada: hm` to say it" in whole
    assert "'rain in Rome' came within" in whole
    assert "bo in #games: !roll 2d6" in whole  # of `help`


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_a_terminal_has_a_prompt_and_ctrl_c_ends_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl
    import pty
    import termios

    def own_terminal() -> None:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    for name, value in (("DISCORD_TOKEN", TOKEN), ("HOME_CHANNEL", "200000000000000000")):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PROMPT_TOOLKIT_NO_CPR", "1")
    ours, theirs = pty.openpty()
    # While a line is printed above the prompt, the terminal itself makes a signal of Ctrl-C. It
    # gives that to the programs whose terminal it is, and to nobody if it is nobody's.
    terminal = {"stdin": theirs, "stdout": theirs, "stderr": theirs, "start_new_session": True}
    with command(BOTS / "mended.py", preexec_fn=own_terminal, **terminal) as process:
        os.close(theirs)
        whole, left = "", [("[embed: Welcome", "ada: !weather Rome\r"), ("rain in Rome", "\x03")]
        with contextlib.suppress(OSError):  # Linux reports so that the other end is closed
            while data := os.read(ours, 4096):
                whole += data.decode(errors="replace")
                if left and left[0][0] in whole:
                    os.write(ours, left.pop(0)[1].encode())
        assert process.wait(60) == 0
    os.close(ours)
    assert left == []
    # On a busy machine it may stay open whether a short pass was a block.
    assert re.search("The loop was free|the machine was too busy to tell", whole), whole
    assert "now no line." in whole


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("rivalling", [0, 4])
def test_the_verdict_on_both_bots_is_the_same_twenty_times(rivalling: int, run: Run) -> None:
    with rivals(rivalling):
        for _ in range(20):
            script = "ada: !weather Oslo", 'expect "rain in Oslo" within 20'
            code, said, found = run(BOTS / "blocking.py", *script)
            assert code == 1, said
            assert "blocking.py:15 in get_weather: time.sleep(0.5)" in said
            assert {line["line"] for line in found["lines"]} <= {15, 33}
            code, said, found = run(BOTS / "mended.py", *script)
            assert code == 0, said
            assert found["blocks"] == []
