"""What a text points at is in this repository: a reader can follow it.

Plans and notes that lie elsewhere, and the numbers of their sections, tell a reader nothing. The
thing itself is said instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.course.unit import repository

ROOT = repository()
FOLDERS = ("autograder", "source", "tests", ".github", ".ci", ".binder")
KINDS = (".py", ".md", ".toml", ".yml", ".yaml", ".js", ".css", ".txt")
PLANS = re.compile(
    r"\bDESIGN(\.md| sections?\b|,)|\bSYLLABUS\b|\bSTYLE\.md|\bENGLISH\.md|\bresearch[:/]"
    r"|\bsee research\b|\bthe seed's\b|(?<!-bot )\bissues? \d\d?\b(?! of )"
)
PAGE = re.compile(r"[\w./-]*\w\.md\b")
MADE_UP = {"notes.md"}  # in tests, which write it


def texts() -> Iterator[tuple[Path, str]]:
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    for path in [*paths, *ROOT.glob("*.*")]:
        if path.suffix in KINDS and path.is_file() and path != Path(__file__):
            yield path, path.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "the figures of DESIGN section 6 and issue 7",
        "keeps its promises: DESIGN.md, section 2.",
        "varied by 1.8 (SYLLABUS, margins).",
        "five of them (measured; research: graders.md)",
        "Misconceptions (research/content.md, part 3)",
    ],
)
def test_a_plan_that_lies_elsewhere_is_recognised(text: str) -> None:
    assert PLANS.search(text)


@pytest.mark.parametrize("text", ["cpython issue 117379", "Milo-bot issue 36", "issue 88 of it"])
def test_an_issue_of_another_project_may_be_named(text: str) -> None:
    assert not PLANS.search(text)


@pytest.mark.slow
def test_no_text_points_at_a_plan_that_lies_elsewhere() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit.group()}"
        for path, text in texts()
        for hit in PLANS.finditer(text)
    ]
    assert found == []


@pytest.mark.slow
def test_every_page_that_a_text_names_is_there() -> None:
    pages = {path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md")}
    names = {path.name for path in {*pages, *ROOT.glob("*.md")}} | MADE_UP
    found = [
        f"{path.relative_to(ROOT)}: {page}"
        for path, text in texts()
        for page in PAGE.findall(text)
        if page.rpartition("/")[2] not in names
    ]
    assert found == []
