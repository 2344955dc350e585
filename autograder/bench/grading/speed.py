"""`bench grading`: what a class costs here, with stock nbgrader, and with otter, in one run.

Each way grades the same submissions, and must give the same scores. The CPU is that of everything
the command starts, its own start included. The ways take turns on the five cells. The unit, whose
answers take 15 s of CPU by themselves, is graded by us and by stock nbgrader side by side: one
examination a core, as `grade` would; with more, the machine would leave tests open. Without `quick`
it takes half an hour, and writes figures/grading.md and .json; `--repeats 3` takes only so many of
the unit: 6 minutes.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from autograder.bench import metering
from autograder.bench.grading import classes
from autograder.bench.metering import Cost
from autograder.course.notebook import grade_id, loads
from autograder.course.unit import Unit, repository
from autograder.grading.examination import provenance
from autograder.paths import FIGURES

SUBMISSIONS = 50
FEW = 10  # a run of so many tells what the start costs, and what each further submission does
OTTERS = 10  # otter takes 6 s a submission
# To be reached: s of CPU for one more submission, wall time of it as a multiple of what it waits,
# and how many times the CPU stock nbgrader takes.
MOST_CPU, MOST_WALL, LEAST_RATIO = 0.13, 1.5, 8.0
OURS, STOCK = "unblocked, 1 worker", "nbgrader, stock"

Scores = dict[tuple[str, str], float | None]  # by student and test; None where it is open


@dataclass(frozen=True)
class GradingCost:
    """One way to grade one class."""

    way: str
    submissions: int
    cpu: float  # s a submission, start included
    further: float | None  # s of CPU for one submission more
    wall: float  # s a submission
    further_wall: float | None
    memory: float  # MB
    same: bool  # the scores are those of the first row, as far as both are decided
    open: int  # tests that the machine left open; stock nbgrader has no word for that, and gives 0


def measure(repeats: int, *, quick: bool) -> int:
    """Run everything, print the tables, write them unless quick; 0 if the figures hold."""
    number = 6 if quick else SUBMISSIONS
    units = 2 if quick else repeats if repeats < 20 else SUBMISSIONS
    settings = repository() / "nbgrader_config.py"
    notes: list[str] = []
    with tempfile.TemporaryDirectory(prefix="bench-grading-") as name:
        folder = Path(name)
        made = classes.five(folder / "five", number, settings)
        rows = _rows(made, classes.FIVE, number, 0 if quick else FEW)
        row = _otter(folder / "otter", min(number, OTTERS), notes)
        rows += [row] if row else []
        lab = Unit(repository(), "03_gateway")
        made = classes.unit(folder / "unit", units, lab, settings)
        of_unit = _rows(made, lab.name, units, 0, only=(OURS, STOCK))
    if not metering.counts_all():
        notes.append("No control group could be made: CPU of jailed processes is not counted.")
    text = _text(rows, of_unit, notes)
    print(text)
    if not quick:
        _write(text, rows, of_unit)
    held = _holds(rows)
    return 0 if held and all(one.same for one in (*rows, *of_unit)) else 1


def _rows(
    course: Path, unit: str, number: int, few: int, only: Sequence[str] | None = None
) -> list[GradingCost]:
    """Every way that nbgrader's gradebook is filled, one after the other; first ours, one worker.

    `only` these ways, and side by side, where each has a core and its CPU can be told apart.
    """
    _call(course, "nbgrader", "generate_assignment", unit)
    cores = provenance.cores()
    ways: dict[str, Callable[[Path], Cost]] = {OURS: lambda place: _grade(place, unit, 1)}
    if cores > 1:
        ways[f"unblocked, {cores} workers"] = lambda place: _grade(place, unit, cores)
    ways["nbgrader, with the examiner"] = lambda place: _autograde(place, unit)
    ways[STOCK] = lambda place: _autograde(place, unit)
    if only is not None:
        ways = {way: ways[way] for way in only}

    def run(way: str) -> tuple[dict[int, Cost], Scores]:
        costs: dict[int, Cost] = {}
        found: Scores = {}
        for size in sorted({few, number} - {0}):
            place = Path(tempfile.mkdtemp(dir=course.parent)) / course.name
            copy = classes.without_our_settings if way == STOCK else shutil.copytree
            copy(course, place)
            for path in sorted((place / "submitted").iterdir())[size:]:
                shutil.rmtree(path)
            costs[size] = ways[way](place)
            found = _scores(place, unit)
            shutil.rmtree(place.parent)
        for size, cost in costs.items():
            print(f"{unit}, {size}: {way}, {cost}"[:300], file=sys.stderr, flush=True)
            for line in cost.output.splitlines():
                if "failed" in line:
                    print(line, file=sys.stderr, flush=True)
        return costs, found

    together = only is not None and cores >= len(ways) and metering.counts_all()
    with ThreadPoolExecutor(len(ways) if together else 1) as pool:
        done = list(pool.map(run, ways))
    return [
        _row(way, costs, done[0][1], found) for way, (costs, found) in zip(ways, done, strict=True)
    ]


def _row(way: str, costs: dict[int, Cost], first: Scores, found: Scores) -> GradingCost:
    few, most = min(costs), max(costs)
    same = True
    for name in sorted({*first, *found}):
        score, other = pair = [scores.get(name, "no grade") for scores in (first, found)]
        if score != other:
            print(f"{way}: {other} and not {score} for {name}", file=sys.stderr)
            same &= None in pair and "no grade" not in pair
    cost, more = costs[most], most - few
    return GradingCost(
        way,
        most,
        cost.cpu / most,
        (cost.cpu - costs[few].cpu) / more if more else None,
        cost.wall / most,
        (cost.wall - costs[few].wall) / more if more else None,
        cost.memory,
        same,
        sum(score is None for score in found.values()),
    )


_GRADE = """
import sys
from pathlib import Path
from autograder.grading import marking
marking.grade(sys.argv[1], jobs=int(sys.argv[2]), root=Path.cwd(), accept_weaker_jail=True)
"""


def _grade(place: Path, unit: str, jobs: int) -> Cost:
    return metering.run([sys.executable, "-c", _GRADE, unit, str(jobs)], place, _environment())


def _autograde(place: Path, unit: str) -> Cost:
    return metering.run([*_NBGRADER, "autograde", unit], place, _environment())


_NBGRADER = (sys.executable, "-m", "nbgrader")


def _call(place: Path, *words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", *words], cwd=place, env=_environment(), check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _environment() -> dict[str, str]:
    paths = [str(repository()), os.environ.get("PYTHONPATH", "")]
    return {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")]),
        "JUPYTER_NO_CONFIG": "1",  # a stock nbgrader has no guard of ours
    }


def _scores(place: Path, unit: str) -> Scores:
    from nbgrader.api import Gradebook

    scores: Scores = {}
    with Gradebook(f"sqlite:///{place / 'gradebook.db'}") as book:
        for submission in book.assignment_submissions(unit):
            student = submission.student.id
            left_open = _left_open(place / "autograded" / student / unit / f"{unit}.ipynb")
            for notebook in submission.notebooks:
                for grade in notebook.grades:
                    score = None if grade.name in left_open else grade.auto_score
                    scores[student, grade.name] = score
    return scores


def _left_open(graded: Path) -> set[str]:
    """The tests of a notebook that ended because the machine was too busy to say."""
    if not graded.exists():  # a submission that failed
        return set()
    return {
        grade_id(cell)
        for cell in loads(graded.read_bytes(), graded.name)["cells"]
        for output in cell.get("outputs", ())
        if output.get("ename") == "Inconclusive"
    }


# otter


def _otter(folder: Path, number: int, notes: list[str]) -> GradingCost | None:
    """The same five answers, by otter; None with a note where it cannot be had."""
    otter = _otters_program(folder.parent / "otter-venv", notes)
    if otter is None:
        return None
    environment = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
    tests, notebooks = classes.for_otter(folder, number)
    made = subprocess.run(
        [otter, "generate", "-t", str(tests), "--no-environment"],
        cwd=folder, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    archive = folder / "autograder.zip"
    if made.returncode or not archive.exists():
        notes.append(f"otter left out: it made no autograder.zip ({made.stderr.strip()[-200:]}).")
        return None
    costs, right = [], True
    for index, path in enumerate(notebooks):
        out = folder / f"out{index}"
        out.mkdir()
        command = [otter, "run", "-a", str(archive), "-o", str(out), str(path)]
        costs.append(metering.run(command, folder, environment))
        right &= _otters_score(out) == (8.0 if index % 3 == 0 else 10.0)
    cpu, wall = (sum(getattr(cost, what) for cost in costs) for what in ("cpu", "wall"))
    most = max(cost.memory for cost in costs)
    print(f"otter: {costs[-1]}"[:600], file=sys.stderr, flush=True)
    return GradingCost("otter", number, cpu / number, None, wall / number, None, most, right, 0)


def _otters_program(place: Path, notes: list[str]) -> str | None:
    """The program of an environment with otter: the one UNBLOCKED_OTTER names, or one made now."""
    known = os.environ.get("UNBLOCKED_OTTER")
    if known:
        return str(Path(known, "bin", "otter"))
    venv.create(place, with_pip=True)
    python = str(place / "bin" / "python")
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", "otter-grader", "ipykernel"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return str(place / "bin" / "otter")
    said = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
    notes.append(f"otter left out: it could not be installed ({said[:200]}).")
    return None


def _otters_score(out: Path) -> float:
    try:
        tests = json.loads((out / "results.json").read_text())["tests"]
    except (OSError, ValueError, KeyError):
        return -1.0
    return sum(float(test.get("score") or 0.0) for test in tests)


# The tables


def _holds(rows: Sequence[GradingCost]) -> bool:
    ours, stock = (next(row for row in rows if row.way == way) for way in (OURS, STOCK))
    further = ours.cpu if ours.further is None else ours.further
    theirs = stock.cpu if stock.further is None else stock.further
    wall = ours.wall if ours.further_wall is None else ours.further_wall
    return (
        further <= MOST_CPU
        and theirs / further >= LEAST_RATIO
        and wall <= MOST_WALL * classes.WAITING
    )


def _text(rows: Sequence[GradingCost], of_unit: Sequence[GradingCost], notes: Sequence[str]) -> str:
    system = f"{platform.system()} {platform.release().split('-')[0]}"
    conditions = (
        f"In one run, {os.cpu_count()} CPUs, {system}, CPython {platform.python_version()}, load "
        f"average at the end {os.getloadavg()[0]:.1f}. CPU: of all processes, start included; "
        f"in brackets what each further submission costs. Memory: PSS of all processes, highest. "
        f"Open: the machine was too busy to say, for which stock nbgrader gives 0."
    )
    parts = [
        f"# Grading a class\n\n{conditions}\n",
        f"## {classes.CELLS} cells, {classes.WAITING:g} s of waiting\n",
        _table(rows, classes.WAITING),
        "## Unit 03, both side by side\n",
        _table(of_unit, None),
        *notes,
    ]
    return "\n".join(parts) + "\n"


def _table(rows: Sequence[GradingCost], waiting: float | None) -> str:
    ours = rows[0]
    lines = [
        "| way | submissions | CPU, s each | wall, s each | its own waiting | MB | same scores |"
        " CPU against ours |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        further = "" if row.further is None else f" ({row.further:.3f})"
        more = "" if row.further_wall is None else f" ({row.further_wall:.2f})"
        wall = row.wall if row.further_wall is None else row.further_wall
        times = f"{wall / waiting:.1f}x" if waiting else "-"
        both = row.further is not None and ours.further is not None
        ratio = row.cpu / ours.cpu
        against = f"{ratio:.1f}x"
        if both and row.further is not None and ours.further:
            against += f" ({row.further / ours.further:.1f}x)"
        same = ("yes" if row.same else "NO") + (f", {row.open} open" if row.open else "")
        lines.append(
            f"| {row.way} | {row.submissions} | {row.cpu:.3f}{further} | {row.wall:.2f}{more} | "
            f"{times} | {row.memory:.0f} | {same} | {against} |"
        )
    return "\n".join(lines) + "\n"


def _write(text: str, rows: Sequence[GradingCost], of_unit: Sequence[GradingCost]) -> None:
    FIGURES.mkdir(exist_ok=True)
    table, plain = (FIGURES / f"grading.{end}" for end in ("md", "json"))
    table.write_text(text)
    content = {
        "five": [asdict(row) for row in rows],
        "03_gateway": [asdict(row) for row in of_unit],
    }
    plain.write_text(json.dumps(content, indent=1) + "\n")
    for path in (table, plain):
        print(f"written: {path}", file=sys.stderr)
