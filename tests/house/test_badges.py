"""README's badges: none that leads nowhere, and each to the page that Binder then serves."""

from __future__ import annotations

import re
import shutil
import urllib.parse
from pathlib import Path

import pytest
from running_lab import clone_into

from autograder.course.author import badges
from autograder.course.learner import copies
from autograder.course.unit import built

ROOT = Path(__file__).resolve().parents[2]
LINK = re.compile(r"\]\((https://mybinder\.org[^)]*)\)")
MARK = '# Repository = "https://github.com/OWNER/NAME"'


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    root = clone_into(tmp_path / "clone")
    shutil.copy(ROOT / "README.md", root)
    publish(root, "")
    badges.write(root)
    return root


def publish(root: Path, repository: str) -> None:
    text = (ROOT / "pyproject.toml").read_text("utf-8")
    setting = re.compile(r"^(# )?Repository = .*$", re.MULTILINE)
    assert setting.search(text)
    new = f'Repository = "{repository}"' if repository else MARK
    (root / "pyproject.toml").write_text(setting.sub(new, text), "utf-8")


def links(root: Path) -> list[str]:
    return [link for link in LINK.findall((root / "README.md").read_text("utf-8")) if "?" in link]


def test_while_nobody_said_where_it_is_published_no_badge_leads_nowhere(clone: Path) -> None:
    text = (clone / "README.md").read_text("utf-8")
    assert f"]({badges.FORM}){badges.UNPUBLISHED}" in text
    assert text.count("badge_logo.svg") == 1
    assert badges.check(clone) == []


def test_once_published_each_unit_has_a_badge_to_the_copy_that_start_makes(clone: Path) -> None:
    before = (clone / "README.md").read_text("utf-8")
    publish(clone, "https://github.com/ada/unblocked.git")
    assert badges.check(clone)
    assert badges.write(clone)
    assert badges.check(clone) == []
    found = [urllib.parse.urlsplit(link) for link in links(clone)]
    assert {one.path for one in found} == {"/v2/gh/ada/unblocked/HEAD"}
    pages = [urllib.parse.parse_qs(one.query)["urlpath"][0] for one in found]
    assert len(pages) == 1 + len(built(clone))  # the start page's comes twice
    copies.copy_units(clone)
    assert all((clone / page.removeprefix("lab/tree/")).exists() for page in pages)
    publish(clone, "")
    badges.write(clone)
    assert (clone / "README.md").read_text("utf-8") == before


def test_another_host_is_named_whole_as_binder_wants_it() -> None:
    assert badges.link("https://git.example/a/b", "work/x.ipynb") == (
        "https://mybinder.org/v2/git/https%3A%2F%2Fgit.example%2Fa%2Fb/HEAD"
        "?urlpath=lab%2Ftree%2Fwork%2Fx.ipynb"
    )
