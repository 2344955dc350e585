"""Records of watched runs as the picture may meet them: likely ones, and odd ones."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

from autograder.report.record import Block, Record

Span = tuple[float, float]


def block(start: float, seconds: float, line: int = 7, code: str = "", **more: Any) -> Block:
    """Return a block as `watch` records it."""
    code = code or f"time.sleep({seconds:g})"
    usual = Block(seconds, start, "sleep", "In [7]", line, code, "on_message")
    return replace(usual, **more)


def ticks(seconds: float, holds: list[Span]) -> list[Span]:
    """Return what the 10 ms ticker sees while the loop is held during `holds`."""
    late = []
    for number in range(int(seconds * 100)):
        due = number / 100
        waits = [start + length - due for start, length in holds if start <= due < start + length]
        late.append((due, max([0.0002, *waits])))
    return late


def steps(period: float, seconds: float, holds: list[Span]) -> list[Span]:
    """Return the short steps of a healthy task, which nothing runs during `holds`."""
    done, at = [], 0.002
    while at < seconds:
        for start, length in holds:
            if start <= at < start + length:
                at = start + length + 0.0005
        done.append((round(at, 6), 0.0003))
        at += period
    return done


def bot(seconds: float = 0.6, holds: list[Span] | None = None, **facts: Any) -> Record:
    """Return a run of a bot whose handler holds the loop, beside a heartbeat and two tasks."""
    holds = [(0.12, 0.25)] if holds is None else holds
    blocks = [block(*hold) for hold in sorted(holds, key=lambda hold: -hold[1])]
    lanes = [("roll", [(0.0, 0.001), (seconds - 0.001, 0.001)]), ("on_message", holds)]
    others = {"heartbeat": 0.05, "update_presence": 0.02, "save_scores": 0.033}
    lanes += [(name, steps(period, seconds, holds)) for name, period in others.items()]
    record = Record(name="roll", seconds=seconds, lanes=lanes, late=ticks(seconds, holds))
    record.blocks = blocks
    for name, value in facts.items():
        setattr(record, name, value)
    return record


def crowd(lanes: int = 25, each: int = 400) -> Record:
    """Return a run of many tasks with many steps: 10 000 unless told."""
    chance = random.Random(4)
    crowd = [
        (f"worker-{n}", sorted((chance.random() * 2, chance.random() / 500) for _ in range(each)))
        for n in range(lanes)
    ]
    held = [block(1.2, 0.3, 31, "BeautifulSoup(page, 'html.parser')", file="crawler.py")]
    crowd[0][1].append((1.2, 0.3))
    return Record(name="crawl", seconds=2.0, lanes=crowd, late=ticks(2, [(1.2, 0.3)]), blocks=held)


BEATS = [(at, 0.0) for at in (0.1, 0.3, 0.5, 0.7, 1.85, 2.05, 2.25)]
KILLED = {"beats": BEATS, "kills": [(1.1, 4009, 1.84)]}
FIVE = [(0.1, 0.15), (0.3, 0.2), (0.55, 0.12), (0.7, 0.18), (0.95, 0.25)]
NAMES = [
    "$\\alpha_2$ costs_$5",
    "Задача_номер_один",
    "日本語のタスク",
    "مهمة",
    "🤖 bot\nline\ttwo\x00",
]
NAMES += [
    "a_task_with_a_very_long_name_that_nobody_should_give_but_somebody_will_1",
    "",
    "%s {} &lt;",
]

Case = tuple[Record, dict[str, Any]]


def cases() -> dict[str, Case]:
    """Return every kind of run: {name: (record, keywords of `draw`)}."""
    limit: dict[str, Any] = {"limit": 0.1}
    noisy = bot(holds=[(0.12, 0.33), (0.48, 0.03)], noise=[(0.12, 0.08), (0.48, 0.03)])
    noisy.blocks = [block(0.12, 0.25)]
    starved = bot(holds=[(0.12, 0.28)], noise=[(0.12, 0.25)], blocks=[block(0.12, 0.03)])
    named = bot(lanes=[(name, [(0.01 * n, 0.002)]) for n, name in enumerate(NAMES)])
    code = "$" + "日🤖_{x}^2 \\frac{1}{2} " * 20
    named.name, named.blocks = "größe_von_$x_1$", [replace(named.blocks[0], code=code)]
    burst = [(f"t{n}", [(0.1 + n / 100, 0.009)]) for n in range(10)]
    five = bot(1.25, FIVE, blocks=[block(*hold, line) for line, hold in enumerate(FIVE, 3)])
    return {
        "a block": (bot(), limit),
        "a good run": (bot(holds=[]), limit),
        "a block within the limit": (bot(holds=[(0.2, 0.06)]), limit),
        "no limit": (bot(), {}),
        "five blocks": (five, limit),
        "five blocks in a lane each": (
            bot(1.25, FIVE, lanes=[(f"task {n}", [hold]) for n, hold in enumerate(FIVE)]),
            limit,
        ),
        "a block at the very end": (bot(0.37), limit),
        "a block after the end": (bot(holds=[], blocks=[block(0.599, 0.2)]), limit),
        "no lane": (bot(lanes=[]), limit),
        "one lane": (bot(lanes=[("roll", [(0.12, 0.25)])]), limit),
        "nothing": (Record(name="f"), limit),
        "nothing and no limit": (Record(name=""), {}),
        "3 ms": (Record(name="f", seconds=0.003, lanes=[("f", [(0.0, 0.001)])]), limit),
        "a minute": (bot(60, [(20, 0.25), (21, 0.9), (45, 0.3)]), limit),
        "a minute of hard work": (bot(60, [(n * 0.3, 0.2) for n in range(200)]), limit),
        "40 lanes": (crowd(40), limit),
        "10 000 steps": (crowd(), limit),
        "10 000 steps in one lane": (crowd(1, 10_000), limit),
        "strange names": (named, limit),
        "noise after a block": (noisy, limit),
        "noise alone": (starved, limit),
        "a doubtful block": (
            bot(noise=[(0.12, 0.249)], blocks=[block(0.12, 0.001, doubt=0.249)]),
            limit,
        ),
        "a thread that kept the GIL": (bot(blocks=[block(0.12, 0.25, kind="gil")]), limit),
        "many small steps in one pass": (bot(lanes=burst, blocks=[block(0.1, 0.1)]), limit),
        "no line": (bot(blocks=[block(0.12, 0.25, 0, " ", file="", function="")]), limit),
        "killed": (bot(2.4, [(0.9, 0.9)]), limit | KILLED),
        "killed, not resumed": (bot(2.4, [(0.9, 0.9)]), {"kills": [(1.1, 4009, None)]}),
        "killed three times": (
            bot(6, [(0.5, 0.9), (2.5, 0.9), (4.5, 0.9)]),
            limit | {"beats": BEATS, "kills": [(t, 4009, t + 0.5) for t in (0.9, 2.9, 4.9)]},
        ),
        "a late beat": (bot(1.2, [(0.35, 0.25)]), limit | {"beats": [(0.1, 0.0), (0.6, 0.5)]}),
        "an error": (bot(outcome="raised", error=("ValueError", "no dice", "In [7]", 9)), limit),
        "a stub": (
            bot(outcome="not attempted", error=("NotImplementedError", "", "In [7]", 2), holds=[]),
            limit,
        ),
        "a title": (bot(), limit | {"title": "What a $5 title: " + "very long " * 20}),
    }
