"""What GitHub reads is what its schemas ask for; nobody here sees it run before it is pushed."""

from __future__ import annotations

import dataclasses
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from autograder import cli
from autograder.catalog.card import Card
from autograder.environment import pythons, requirements

ROOT = Path(__file__).resolve().parents[2]
GITHUB = ROOT / ".github"
FORMS = sorted(
    path for path in (GITHUB / "ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"
)
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
# docs.github.com, "Syntax for GitHub's form schema": what each kind of field must have.
NEEDED = {
    "markdown": {"value"},
    "input": {"label"},
    "textarea": {"label"},
    "dropdown": {"label", "options"},
    "checkboxes": {"label", "options"},
}
KNOWN = {"label", "description", "placeholder", "value", "render", "options", "multiple", "default"}


class Strict(yaml.SafeLoader):
    """Refuses a key that is there twice, as GitHub does and PyYAML does not."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key) for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"{node.start_mark}: a key is there twice: {keys}"
        return super().construct_mapping(node, deep)


def read(path: Path) -> dict[str, Any]:
    content = yaml.load(path.read_text("utf-8"), Strict)
    assert isinstance(content, dict)
    return content


def fields(name: str) -> dict[str, dict[str, Any]]:
    body = read(GITHUB / "ISSUE_TEMPLATE" / f"{name}.yml")["body"]
    return {field["id"]: field for field in body if "id" in field}


@pytest.mark.parametrize("path", FORMS, ids=lambda path: path.stem)
def test_a_form_has_what_github_asks_for(path: Path) -> None:
    form = read(path)
    assert {"name", "description", "body"} <= set(form)
    assert set(form) <= {"name", "description", "title", "labels", "body", "assignees"}
    ids = [field["id"] for field in form["body"] if field["type"] != "markdown"]
    labels = [field["attributes"]["label"] for field in form["body"] if field["type"] != "markdown"]
    assert len(set(ids)) == len(ids) > 0
    assert len(set(labels)) == len(labels)
    for field in form["body"]:
        assert set(field) <= {"type", "id", "attributes", "validations"}
        assert NEEDED[field["type"]] <= set(field["attributes"]) <= KNOWN
        assert re.fullmatch(r"[\w-]+", field.get("id", "none"))
        assert set(field.get("validations", {})) <= {"required"}
        options = field["attributes"].get("options", ["one"])
        assert options
        assert all(type(option) is str for option in options)
        assert len(set(options)) == len(options)


def test_a_wrong_verdict_is_reported_with_what_doctor_says() -> None:
    asked = fields("wrong_verdict")
    assert "`python3 -m autograder doctor`" in asked["doctor"]["attributes"]["label"]
    needed = {name for name, field in asked.items() if field["validations"]["required"]}
    assert {"exercise", "answer", "verdict", "doctor"} <= needed


def test_a_library_is_proposed_in_the_words_of_its_card() -> None:
    card = {field.name for field in dataclasses.fields(Card)}
    assert set(fields("add_a_library")) <= card


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_on_something_and_calls_what_exists(path: Path) -> None:
    workflow = read(path)
    assert workflow[True]  # YAML takes the word `on` for a truth value
    assert workflow["permissions"] == {"contents": "read"}
    said = []
    for job in workflow["jobs"].values():
        assert job["runs-on"]
        assert job["timeout-minutes"] <= 60
        for step in job["steps"]:
            assert ("run" in step) != ("uses" in step)
            assert re.fullmatch(r"[\w/-]+@v\d+", step.get("uses", "actions/checkout@v4"))
            said.append(step.get("run", ""))
    named = re.findall(r"-m autograder ([a-z]+)", "\n".join(said))
    assert set(named) <= set(cli._parser()[1])
    assert all((ROOT / script).exists() for script in re.findall(r"\.ci/\w+", "\n".join(said)))
    assert "test" in named or ".ci/run" in said


def tried() -> list[str]:
    """Every Python that the course is said to run on."""
    major, oldest = pythons.OLDEST
    return [f"{major}.{minor}" for minor in range(oldest, pythons.NEWEST[1] + 1)]


def test_ci_runs_every_python_that_the_readme_names_and_every_system() -> None:
    jobs = read(GITHUB / "workflows" / "ci.yml")["jobs"]
    assert jobs["linux"]["strategy"]["matrix"]["python"] == tried()
    readme = (ROOT / "README.md").read_text("utf-8")
    for said in ("All you need is git and", "CI is set up for Linux with"):
        assert f"{said} {pythons.RANGE}" in readme
    assert jobs["elsewhere"]["strategy"]["matrix"]["os"] == ["macos-latest", "windows-latest"]


def test_the_project_and_the_weekly_run_name_the_same_pythons() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert [each.rpartition(" ")[2] for each in project["classifiers"]] == tried()
    assert project["requires-python"] == f">={tried()[0]}"
    [job] = read(GITHUB / "workflows" / "newest.yml")["jobs"].values()
    assert job["strategy"]["matrix"]["python"] == [tried()[0], tried()[-1]]


def test_the_weekly_run_takes_away_every_upper_end_and_no_pin(tmp_path: Path) -> None:
    """The same expression, in Python: each line stays a requirement that pip reads."""
    from packaging.requirements import Requirement

    [job] = read(GITHUB / "workflows" / "newest.yml")["jobs"].values()
    command = next(step["run"] for step in job["steps"] if "sed" in step.get("run", ""))
    match = re.search(r"'s/(.*)/\\1/' requirements\.txt pyproject\.toml", command)
    assert match is not None
    for name in ("requirements.txt", "pyproject.toml"):
        lines = (ROOT / name).read_text("utf-8").splitlines()
        freed = [re.sub(match[1], r"\1", line) for line in lines]
        (tmp_path / name).write_text("\n".join(freed), "utf-8")
    for text in requirements.of(tmp_path, contributor=True):
        operators = {each.operator for each in Requirement(text).specifier}
        assert operators in ({">="}, {"=="}, set()), text


@pytest.mark.skipif(
    shutil.which("git") is None or not (ROOT / ".git").exists(), reason="not a clone of git's"
)
def test_what_build_makes_is_folded_in_a_review_and_nothing_else() -> None:
    def git(*arguments: str) -> str:
        command = ["git", "-c", f"safe.directory={ROOT}", "-C", str(ROOT), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    paths = git("ls-files", "-z", "notebooks", "release", "source").rstrip("\0").split("\0")
    said = git("check-attr", "-z", "linguist-generated", "diff", "--", *paths).split("\0")
    attributes = {(path, name): value for path, name, value in zip(*[iter(said)] * 3, strict=False)}
    for path in paths:
        # notebooks/toolbox/loopwatch.py is made, too: a copy of the one in source/
        made = path.endswith(".ipynb") or not path.startswith("source/")
        assert attributes[path, "linguist-generated"] == ("set" if made else "unspecified"), path
        assert attributes[path, "diff"] == ("unset" if made else "unspecified"), path
