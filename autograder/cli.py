"""The commands of `python3 -m autograder`: their names, their arguments, and what each one calls.

Each command imports what it needs only when it is called. Most call one function; `build` also runs
the lint and the audit, and chooses the exit code. A UserMistake is printed as its sentence, with
exit code 2.
"""

from __future__ import annotations

import argparse
import difflib
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import NoReturn

from autograder.environment import bootstrap, light_imports
from autograder.outcomes import UserMistake
from autograder.paths import ROOT
from autograder.text import columns, fitted

Verb = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str]) -> int:
    """Run one command and return the exit code.

    0: done, 1: a check failed, 2: the user's mistake, 130: stopped with Ctrl-C.
    """
    _let_terminate_clean_up()
    _write_utf8()
    try:
        options = _read(arguments)
        contributor = options.verb in (test, bench)
        bootstrap.enter(arguments, make=options.verb is not doctor, contributor=contributor)
        light_imports.skip_grammars()
        verb: Verb = options.verb
        return verb(options)
    except UserMistake as mistake:
        sys.stdout.flush()
        print(mistake, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader, such as `head`, has ended
        sys.stderr.close()
        return 1


# The commands


def lab(options: argparse.Namespace) -> int:
    from autograder.course import jupyterlab_server

    return jupyterlab_server.lab(ROOT, port=options.port, open_browser=options.browser)


def check(options: argparse.Namespace) -> int:
    from autograder.grading.check import check

    return check(options.path)


def progress(options: argparse.Namespace) -> int:
    from autograder.course.learner import progress as learner

    print(fitted(str(learner.progress(ROOT)), columns()))
    return 0


def gateway(options: argparse.Namespace) -> int:
    from autograder.own_bot.talk import Talk
    from autograder.world import console

    return console.gateway(
        options.port,
        options.heartbeat,
        options.grace,
        options.jsonl,
        talk=lambda server: Talk(server).hear,
        guild=options.guild,
    )


def run(options: argparse.Namespace) -> int:
    from autograder.course.learner import own_bot as learner
    from autograder.own_bot import run as room

    return room.run(
        options.bot,
        options.rest,
        python=options.python,
        script=options.script,
        limit=options.limit,
        heartbeat=options.heartbeat,
        json_file=options.json,
        guild=options.guild,
        picture=options.picture,
        keep=learner.keep,
    )


def world(options: argparse.Namespace) -> int:
    from autograder.world import console

    return console.world()


def catalog(options: argparse.Namespace) -> int:
    from autograder.catalog import printing

    return printing.show(options.library)


def doctor(options: argparse.Namespace) -> int:
    from autograder import doctor as room

    print(fitted(room.report(), columns()))
    return 0


def grade(options: argparse.Namespace) -> int:
    from autograder.grading import commands

    return commands.grade(
        options.unit,
        student=options.student,
        jobs=options.jobs,
        dask=options.dask,
        as_json=options.json,
        regrade=options.regrade,
        accept_weaker_jail=options.accept_weaker_jail,
    )


def export(options: argparse.Namespace) -> int:
    from autograder.grading import commands

    return commands.export(options.format)


def why(options: argparse.Namespace) -> int:
    from autograder.grading import commands

    return commands.why(options.student, options.unit, options.grade_id)


def test(options: argparse.Namespace) -> int:
    from autograder.course.author import suite

    return suite.run(ROOT, options.rest, quick=options.quick, soak=options.soak)


def build(options: argparse.Namespace) -> int:
    from autograder.course.author import audit
    from autograder.course.author import build as building
    from autograder.course.author.lint import course

    differences = building.build(ROOT, check=options.check)
    faults = course.lint(ROOT) + audit.audit(ROOT)
    for sentence in differences + faults:
        print(sentence)
    return 1 if faults or (options.check and differences) else 0


def bench(options: argparse.Namespace) -> int:
    from autograder import bench as room

    return room.run(
        options.name,
        repeats=options.repeats,
        quick=options.quick,
        cold=options.cold,
        only=options.only,
    )


# Their names and arguments


class _Parser(argparse.ArgumentParser):
    """Reports a mistake in one sentence; argparse would print its usage above it."""

    def error(self, message: str) -> NoReturn:
        raise UserMistake(f"{message[:1].upper()}{message[1:]}; run `{self.prog} --help` for help.")


_Add = Callable[[Verb, str], _Parser]


def _parser() -> tuple[_Parser, dict[str, _Parser]]:
    parser = _Parser(
        prog="python3 -m autograder",
        description="Unblocked: asyncio for bot authors, graded by the event loop itself.",
        epilog="`python3 -m autograder COMMAND --help` explains a command. Start with: lab",
        allow_abbrev=False,
    )
    group = parser.add_subparsers(metavar="COMMAND", title="commands", required=True)
    verbs: dict[str, _Parser] = {}

    def add(verb: Verb, says: str) -> _Parser:
        name, description = verb.__name__, f"{says[0].upper()}{says[1:]}."
        added = group.add_parser(name, help=says, description=description, allow_abbrev=False)
        added.set_defaults(verb=verb, rest=[])
        verbs[name] = added
        return added

    _add_for_learners(add)
    _add_for_instructors(add)
    _add_for_authors(add)
    return parser, verbs


def _add_for_learners(add: _Add) -> None:
    take = add(lab, "open the course in JupyterLab, with your copies of the units in work/")
    take.add_argument(
        "--no-browser",
        dest="browser",
        action="store_false",
        help="print the address, and open no browser",
    )
    take.add_argument(
        "--port",
        type=_port,
        metavar="N",
        help="use this port (default: 8888, or the next free one)",
    )

    take = add(check, "grade one lab as your instructor would; exit code 0 if everything passed")
    take.add_argument("path", metavar="PATH", help="such as work/03_gateway/03_gateway.ipynb")

    add(progress, "show the units, the points so far and what to do next")

    take = add(
        gateway, "serve a Discord-like gateway for any bot; what you type is sent to the bot"
    )
    take.add_argument("--port", type=_port, metavar="N", help="use this port (default: a free one)")
    take.add_argument(
        "--heartbeat",
        type=_seconds,
        default=0.2,
        metavar="S",
        help="seconds between two heartbeats (default: %(default)s)",
    )
    take.add_argument(
        "--grace",
        type=_count,
        default=2,
        metavar="N",
        help="close a connection after N intervals without a heartbeat (default: %(default)s)",
    )
    take.add_argument("--jsonl", action="store_true", help="print one JSON object per event")
    _add_guild(take)

    _add_run(add)

    add(world, "run the servers that the units use, until Ctrl-C")

    take = add(
        catalog, "compare asyncio libraries with the blocking calls they replace, measured now"
    )
    take.add_argument("library", nargs="?", metavar="LIBRARY", help="only this library")
    add(doctor, "list what this machine offers, and what you cannot do without the rest")


def _add_guild(take: _Parser) -> None:
    take.add_argument(
        "--guild",
        metavar="FILE",
        help="a TOML file with the guild, channels, roles and members whose ids your bot knows",
    )


def _add_run(add: _Add) -> None:
    take = add(run, "run your own bot, unmodified, and name the lines that hold its loop")
    take.usage = "%(prog)s BOT [options] [-- arguments of the bot]"
    take.epilog = (
        "Exit codes: 0: the loop was free; 1: a block reached the limit, or an `expect` was not "
        "met; 2: a mistake in the command or the script; 3: the bot itself failed."
    )
    take.add_argument("bot", metavar="BOT", help="the file that you start your bot with")
    take.add_argument(
        "--python",
        metavar="PYTHON",
        help="the Python that has its library (default: that of .venv beside the bot, else ours)",
    )
    take.add_argument(
        "--script", metavar="FILE", help="lines to say, as at the prompt; `help` there lists them"
    )
    take.add_argument(
        "--limit",
        type=_seconds,
        default=0.1,
        metavar="S",
        help="seconds for which the bot must not hold its loop (default: %(default)s)",
    )
    take.add_argument(
        "--heartbeat",
        type=_seconds,
        default=1.0,
        metavar="S",
        help="seconds between two heartbeats; Discord's are 41.25 (default: %(default)s)",
    )
    _add_guild(take)
    take.add_argument("--json", metavar="FILE", help="also write what was found to this file")
    take.add_argument(
        "--picture", metavar="FILE", help="also draw the run, as a PNG or SVG file by its name"
    )


def _add_for_instructors(add: _Add) -> None:
    take = add(grade, "grade the submissions for a unit into nbgrader's gradebook")
    take.add_argument("unit", metavar="UNIT", help="such as 03_gateway")
    take.add_argument("--student", metavar="S", help="only this student")
    take.add_argument(
        "--jobs",
        type=_count,
        metavar="N",
        help="how many to grade at the same time (default: one per core)",
    )
    take.add_argument(
        "--dask", metavar="ADDRESS", help="use a Dask cluster, one submission per worker thread"
    )
    take.add_argument("--json", action="store_true", help="print one JSON object")
    take.add_argument("--regrade", action="store_true", help="grade again what already has a grade")
    take.add_argument(
        "--accept-weaker-jail", action="store_true", help="grade without namespaces; see doctor"
    )

    take = add(why, "print the evidence for one grade")
    take.add_argument("student", metavar="STUDENT", help="as in submitted/STUDENT")
    take.add_argument("unit", metavar="UNIT", help="such as 03_gateway")
    take.add_argument("grade_id", metavar="GRADE_ID", help="such as repair_two_visible")

    take = add(export, "print the grades as CSV")
    take.add_argument("format", metavar="FORMAT", help="nbgrader, canvas or moodle")


def _add_for_authors(add: _Add) -> None:
    take = add(
        test, "run every check and test, as CI does; with other arguments, only pytest with these"
    )
    take.usage = "%(prog)s [-h] [--quick] [--soak] [pytest arguments]"
    take.add_argument(
        "--quick", action="store_true", help="leave out the slow tests (takes a minute and a half)"
    )
    take.add_argument(
        "--soak",
        action="store_true",
        help="also run the long tests, which repeat and load the machine",
    )

    take = add(build, "make the notebooks and the release from source/")
    take.add_argument(
        "--check", action="store_true", help="write nothing; exit code 1 if anything differs"
    )

    take = add(bench, "measure, and print the tables of figures")
    take.add_argument("name", nargs="?", metavar="NAME", help="only this table")
    take.add_argument("--quick", action="store_true", help="measure each case once")
    take.add_argument(
        "--cold", action="store_true", help="door: also measure an installation from nothing"
    )
    take.add_argument(
        "--only",
        metavar="FILE",
        help="probe: only the snippets that this file names, one a line; writes no figures",
    )
    take.add_argument(
        "--repeats",
        type=_count,
        default=20,
        metavar="N",
        help="repeats of each case (default: %(default)s)",
    )


def _read(arguments: Sequence[str]) -> argparse.Namespace:
    parser, verbs = _parser()
    if not arguments:
        parser.print_help(sys.stderr)
        raise SystemExit(2)
    name = arguments[0]
    if not name.startswith("-") and name not in verbs:
        close = difflib.get_close_matches(name, verbs, n=1)
        hint = f"did you mean `{close[0]}`?" if close else f"the commands are {', '.join(verbs)}."
        raise UserMistake(f"There is no command `{name}`: {hint}")
    of_bot: Sequence[str] = []
    if name == run.__name__ and "--" in arguments:
        dashes = list(arguments).index("--")
        arguments, of_bot = arguments[:dashes], arguments[dashes + 1 :]
    options, rest = parser.parse_known_args(arguments)
    if rest and options.verb is not test:
        verbs[name].error(f"`{name}` does not take `{rest[0]}`")
    options.rest = [*rest, *of_bot]
    return options


def _port(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < int(text) < 65536:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a port: use a number from 1 to 65535")


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if 0 < value < 3600:
        return value
    raise argparse.ArgumentTypeError(f"{text} is not a number of seconds between 0 and 3600")


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text} is not a whole number above 0")


def _write_utf8() -> None:
    """Write UTF-8 to files and pipes too, where Windows takes cp1252 and a plain locale ASCII.

    These have no bars and no arrows, and Python would end with UnicodeEncodeError. Who sets
    PYTHONIOENCODING gets that encoding, with "?" for what it does not have.
    """
    encoding = None if os.environ.get("PYTHONIOENCODING") else "utf-8"
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=encoding, errors="replace")


def _let_terminate_clean_up() -> None:
    """Make SIGTERM and SIGHUP (a closed terminal) raise SystemExit, so `finally` blocks run."""

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        sys.exit(128 + number)

    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), leave)
