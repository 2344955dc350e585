"""README and CONTRIBUTING promise only what is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from autograder import verbs
from autograder.course.units import built

ROOT = Path(__file__).resolve().parent.parent
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
    assert set(named) <= set(verbs._parser()[1])


def test_the_table_links_the_units_that_exist_and_no_others() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    linked = re.findall(r"^\| \d\d \| \[[^]]+\]\(notebooks/(\w+)\.ipynb\)", readme, re.MULTILINE)
    assert linked == [unit.name for unit in built(ROOT)]
    assert len(re.findall(r"^\| \d\d \|", readme, re.MULTILINE)) == 13


def test_every_tests_path_it_names_exists() -> None:
    named = re.findall(r"\btests/\w+\.py", "".join(page.read_text("utf-8") for page in PAGES))
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []
