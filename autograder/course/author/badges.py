"""The Binder badges of README.md: one for the start page, and one for each unit in the table.

The course's address is in one place only, `Repository` under [project.urls] in pyproject.toml.
Without an address no link can work: then the first badge leads to Binder's own form, and the table
has no badges.
"""

from __future__ import annotations

import re
import tomllib
import urllib.parse
from pathlib import Path

from autograder.course.unit import Unit, shown

FORM = "https://mybinder.org"
START = "00_start_here"
UNPUBLISHED = " (give it this repository's address)"
_BADGE = rf"\[!\[[^\]]*\]\({FORM}/badge_logo\.svg\)\]\([^)]*\)"
_FIRST = re.compile(rf"^{_BADGE}({re.escape(UNPUBLISHED)})?", re.MULTILINE)
_UNIT = r"\| \d\d \| \[[^\]]+\]\(notebooks/(\w+)\.ipynb\) .*?"
_ROW = re.compile(rf"^({_UNIT})(?: {_BADGE})? \|$", re.MULTILINE)


def write(root: Path) -> list[str]:
    """Write the current badges to README.md; return a sentence if that changed it."""
    if not check(root):
        return []
    readme = _readme(root)
    readme.write_text(_with_badges(root), encoding="utf-8", newline="\n")
    return [f"{shown(root, readme)}: its Binder badges are written."]


def check(root: Path) -> list[str]:
    """Return a sentence if README.md's badges are not those that a build would write."""
    readme = _readme(root)
    if not readme.exists() or readme.read_text(encoding="utf-8") == _with_badges(root):
        return []
    return [f"{shown(root, readme)}: its Binder badges lead elsewhere than pyproject.toml says."]


def link(repository: str, path: str) -> str:
    """Return the address at which Binder opens a learner's copy, which `.binder/start` makes."""
    name = repository.removeprefix("https://github.com/")
    if name != repository:
        place = f"gh/{name.removesuffix('.git').strip('/')}"
    else:
        place = f"git/{urllib.parse.quote(repository, safe='')}"
    page = urllib.parse.quote(f"lab/tree/{path}", safe="")
    return f"{FORM}/v2/{place}/HEAD?urlpath={page}"


def _with_badges(root: Path) -> str:
    about = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    repository = about["project"].get("urls", {}).get("Repository", "")

    def first(found: re.Match[str]) -> str:
        return _badge(repository, root, START) + ("" if repository else UNPUBLISHED)

    def row(found: re.Match[str]) -> str:
        badge = f" {_badge(repository, root, found[2])}" if repository else ""
        return f"{found[1]}{badge} |"

    text = _FIRST.sub(first, _readme(root).read_text(encoding="utf-8"))
    return _ROW.sub(row, text)


def _badge(repository: str, root: Path, name: str) -> str:
    path = shown(root, Unit(root, name).work_lesson)
    target = link(repository, path) if repository else FORM
    title = "Binder" if name == START else f"{name} on Binder"
    return f"[![{title}]({FORM}/badge_logo.svg)]({target})"


def _readme(root: Path) -> Path:
    return root / "README.md"
