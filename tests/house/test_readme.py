"""README and CONTRIBUTING promise only what is there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from autograder import cli
from autograder.bench.probe import cost
from autograder.bench.probe.scores import GROUP
from autograder.course.unit import built
from autograder.grading.configuration import COURSE
from autograder.world import console

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", ROOT / ".github" / "CONTRIBUTING.md"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path) -> None:
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8"))
    local = [target for target in targets if not target.startswith("https://")]
    assert local
    assert [target for target in local if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_verb_it_names_exists(page: Path) -> None:
    named = re.findall(r"-m autograder ([a-z]+)", page.read_text("utf-8"))
    assert named
    assert set(named) <= set(cli._parser()[1])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_grade_it_asks_about_is_one_of_that_unit(page: Path) -> None:
    asked = re.findall(r"-m autograder why \S+ (\w+) (\w+)", page.read_text("utf-8"))
    assert asked or page.name != "README.md"
    assert [(unit, name) for unit, name in asked if name not in grades_of(unit)] == []


def grades_of(unit: str) -> set[str]:
    """The names of the graded cells that a learner gets in a unit's lab."""
    path = ROOT / "release" / unit / f"{unit}.ipynb"
    cells = json.loads(path.read_text("utf-8"))["cells"] if path.exists() else []
    about = [cell["metadata"].get("nbgrader", {}) for cell in cells]
    return {one["grade_id"] for one in about if one.get("grade")}


def test_what_it_says_of_the_exchange_is_what_was_tried() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    (paragraph,) = [one for one in readme.split("\n\n") if "nbgrader's exchange" in one]
    tried = (ROOT / "tests" / "grading" / "test_exchange.py").read_text("utf-8")
    spans = re.findall(r"`([^`]+)`", paragraph)
    commands = [span.removeprefix("nbgrader ").split()[0] for span in spans if "." not in span]
    assert [one for one in commands if f'"{one}"' not in tried and one != "grade"] == []
    assert f'c.CourseDirectory.course_id = "{COURSE}"' in spans


def test_the_table_links_the_units_that_exist_and_no_others() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    linked = re.findall(r"^\| \d\d \| \[[^]]+\]\(notebooks/(\w+)\.ipynb\)", readme, re.MULTILINE)
    assert linked == [unit.name for unit in built(ROOT)]
    assert len(re.findall(r"^\| \d\d \|", readme, re.MULTILINE)) == 14


def test_the_lines_for_ones_own_bot_are_those_that_the_gateway_prints() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for library, lines in console.POINTING.items():
        (row,) = re.findall(rf"^\| {re.escape(library)} \| (.*) \|$", readme, re.MULTILINE)
        bare = [re.sub(r'"\{(\w+)\}"', lambda name: name[1].upper(), line) for line in lines]
        assert re.findall(r"`([^`]+)`", row) == bare


def test_what_it_says_of_the_probe_is_what_was_measured() -> None:
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    folder = ROOT / "autograder" / "bench" / "figures"
    measured = json.loads((folder / "probe_3.11.json").read_text("utf-8"))
    verdicts = measured["verdicts"]
    assert [load for load, of in verdicts.items() if of["probe"]["wrong"]] == []
    verdicts.pop(GROUP, None)  # where memory is short, the README promises no verdict
    ours = [of["probe"] for of in verdicts.values()]
    peers = [one for of in verdicts.values() for name, one in of.items() if name != "probe"]
    runs = sum(one["runs"] for one in ours)
    opened = sum(one["inconclusive"] * one["runs"] for one in ours) / runs
    assert f"{runs:,} runs" in readme
    assert f"{opened:.2%}".replace("%", " %") + " were inconclusive" in readme
    assert f"{min(one['lines'] for one in ours):.1%}".replace("%", " %") + " of the" in readme
    assert f"up to {max(one['false_failures'] for one in peers):.0%}".replace("%", " %") in readme
    assert f"{measured['errors']['8']['probe']['p99'] * 1000:.1f} ms" in readme


def test_what_it_says_of_the_cost_is_that_of_the_whole_watch() -> None:
    readme = " ".join((ROOT / "README.md").read_text("utf-8").split())
    folder = ROOT / "autograder" / "bench" / "figures"
    ratios = json.loads((folder / "cost.json").read_text("utf-8"))["ratios"]
    whole = ratios[cost.WHOLE]["median"]
    assert f"costs an echo {whole:.2f} times its CPU" in readme
    assert whole <= cost.MOST
    assert abs(ratios["bare"]["median"] - 1) < 0.01  # two bare loops against each other


def test_every_tests_path_it_names_exists() -> None:
    named = re.findall(r"\btests/[\w/]+\.py", "".join(page.read_text("utf-8") for page in PAGES))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
