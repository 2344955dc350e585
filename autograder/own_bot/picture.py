"""The picture of a run: what held the loop over time, in which command, and the heartbeats."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from autograder.outcomes import UserMistake
from autograder.own_bot.account import Account, Call
from autograder.report import timeline
from autograder.report.record import Block, Record
from autograder.world.gateway.journal import Event

_KINDS = (".png", ".svg")


def check(file: str) -> None:
    """Raise UserMistake for a file that cannot become a picture."""
    if Path(file).suffix.lower() not in _KINDS:
        raise UserMistake(f"--picture {file}: its name must end in {' or '.join(_KINDS)}.")
    if not Path(file).absolute().parent.is_dir():
        raise UserMistake(f"--picture {file}: there is no such folder.")


def write(file: str, bot: Path, account: Account, log: Iterable[Event]) -> str:
    """Draw a run into a file, and return what it shows in two sentences.

    Each command, listener or task that held the loop has a lane. Time begins when the bot connects.
    """
    record = _record(bot, account)
    beats, kills = timeline.heard(log, account.began)
    figure = timeline.draw(record, account.limit, beats, kills)
    if Path(file).suffix.lower() == ".svg":
        figure.savefig(file, format="svg")
    else:
        from autograder.report.canvas import png

        Path(file).write_bytes(png(figure))
    return timeline.alt_text(record, account.limit, beats, kills)


def _record(bot: Path, account: Account) -> Record:
    blocks, noise = [], []
    lanes: dict[str, list[tuple[float, float]]] = {}
    for held in account.blocks:
        call = held.calls[-1] if held.calls else Call("", 0, "")
        place = call.place(bot.parent).rpartition(":")[0]
        start = max(0.0, held.began - account.began)
        where = place, call.line, call.code, call.function
        blocks.append(Block(held.seconds, start, held.kind, *where, doubt=held.doubt))
        lanes.setdefault(held.doing or "event loop", []).append((start, held.seconds))
        noise += [(start, held.noise)] * (held.noise > 0)
    shown = [(name, sorted(steps)) for name, steps in lanes.items()]
    return Record(bot.name, seconds=account.seconds, blocks=blocks, lanes=shown, noise=noise)
