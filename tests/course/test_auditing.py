"""The release audit refuses whatever a learner must not get."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sample_course

from autograder.course.author import parse, render
from autograder.course.author.audit import audit
from autograder.course.unit import Unit

STUB = 'async def judge(name):\n    """Says."""\n    raise NotImplementedError()'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A course whose release was cut by hand: what nbgrader does is proven elsewhere."""
    sample_course.write(tmp_path)
    unit = Unit(tmp_path, "11_catalog")
    ours = render.lab(parse.read(unit.lab_text, "lab.py"), "lab.py")
    unit.lab.write_bytes(render.as_bytes(ours))
    for cell in ours["cells"]:
        about = cell["metadata"].get("nbgrader", {})
        if about.get("solution"):
            cell["source"] = STUB
        if about.get("grade"):
            cell["source"] = cell["source"].split("### BEGIN")[0]
    unit.release.parent.mkdir(parents=True)
    unit.release.write_bytes(render.as_bytes(ours))
    (unit.release.parent / "figures").mkdir()
    (unit.release.parent / "figures/loop.svg").write_text("<svg/>", encoding="utf-8")
    return tmp_path


def change(root: Path, how: Callable[[dict[str, Any]], None]) -> None:
    path = Unit(root, "11_catalog").release
    content = json.loads(path.read_text(encoding="utf-8"))
    how(content)
    path.write_text(json.dumps(content), encoding="utf-8")


def cell(content: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(c for c in content["cells"] if c["id"] == name)
    return found


def put(name: str, **values: Any) -> Callable[[dict[str, Any]], None]:
    return lambda content: cell(content, name).update(values)


def test_a_clean_release_passes(root: Path) -> None:
    assert audit(root) == []


LEAKS: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "an output": (put("judge", outputs=[{"output_type": "stream"}]), "(judge): has an output"),
    "a count": (put("judge", execution_count=3), "(judge): has an output"),
    "a marker": (put("tools", source="### BEGIN SOLUTION\n"), "shows the marker `BEGIN SOLUTION`"),
    "no stub": (put("judge", source="async def judge(name): ..."), "without the stub"),
    "an answer": (
        put("tools", source='verdicts_of_judging = {"httpx": "async"}'),
        "part of an answer or hidden test",
    ),
    "a hidden test": (
        put("judge_visible", source='report = await watch(twice, "hidden_library")\n'),
        "part of an answer or hidden test",
    ),
    "a pairing": (
        lambda content: content["metadata"].update(jupytext={"formats": "ipynb,py:percent"}),
        "`jupytext` key",
    ),
    "a pairing in a cell": (put("judge", metadata={"jupytext": {}}), "`jupytext` key"),
}


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_is_found(root: Path, leak: str) -> None:
    how, said = LEAKS[leak]
    change(root, how)
    found = audit(root)
    assert any(said in one and "release/11_catalog/11_catalog.ipynb" in one for one in found), found


@pytest.mark.parametrize("name", ["lab.py", "notes.md", "questions.toml", "figures/data.csv"])
def test_only_notebooks_and_figures_may_be_released(root: Path, name: str) -> None:
    (root / "release/11_catalog" / name).write_text("x", encoding="utf-8")
    found = [f"release/11_catalog/{name}: is neither a notebook nor a figure; remove it."]
    assert audit(root) == found


def test_a_link_and_a_broken_notebook_are_found(root: Path) -> None:
    (root / "release/11_catalog/figures/link.svg").symlink_to(root / "source")
    (root / "notebooks").mkdir()
    (root / "notebooks/03.ipynb").write_text("not JSON", encoding="utf-8")
    found = audit(root)
    assert any("link.svg: is a link" in one for one in found)
    assert "notebooks/03.ipynb: is not a notebook; build it again." in found
