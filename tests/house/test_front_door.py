"""The command line: every verb explains itself, and every mistake is one sentence with code 2."""

from __future__ import annotations

import ast
import io
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import autograder as package
from autograder import cli, doctor
from autograder.course.author import suite
from autograder.environment import finding
from autograder.outcomes import UserMistake

ROOT = Path(__file__).resolve().parents[2]
VERBS = sorted(cli._parser()[1])
READ_BY_ANY_PYTHON = (
    "__init__.py",
    "__main__.py",
    "environment/__init__.py",
    "environment/pythons.py",
)


def autograder(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a person would, and return what it said."""
    return subprocess.run(
        [sys.executable, "-m", "autograder", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_one_sentence(answer: subprocess.CompletedProcess[str], *words: str) -> None:
    assert answer.returncode == 2, answer
    assert answer.stdout == ""
    assert answer.stderr.count("\n") == 1, answer.stderr
    for word in words:
        assert word in answer.stderr


def test_the_types_of_the_public_names_are_those_that_are_loaded() -> None:
    """mypy reads a list of imports, Python a dict: Python 2.7 must be able to read both."""
    tree = ast.parse((ROOT / "autograder" / "__init__.py").read_text("utf-8"))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    typed = {
        alias.asname: node.module
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert typed == {**package._HOMES, "world": "autograder"}
    assert package.__all__ == sorted(typed)


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main([verb, "--help"])
    assert f"autograder {verb}" in capsys.readouterr().out


def test_help_names_every_verb_and_where_to_start() -> None:
    answer = autograder("--help")
    assert answer.returncode == 0
    assert all(f"\n    {verb} " in answer.stdout for verb in VERBS)
    assert "Start with: lab" in answer.stdout


def test_no_verb_at_all_prints_the_help_and_is_a_mistake() -> None:
    answer = autograder()
    assert answer.returncode == 2
    assert "commands:" in answer.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("labb",), ("no command `labb`", "did you mean `lab`?")),
        (("frobnicate",), ("no command `frobnicate`", "gateway")),
        (("lab", "--sport", "1"), ("`--sport`", "lab --help")),
        (("lab", "--port", "eighty"), ("eighty is not a port", "lab --help")),
        (("lab", "--port", "65536"), ("65536 is not a port",)),
        (("gateway", "--heartbeat", "-1"), ("-1 is not a number of seconds",)),
        (("gateway", "--heartbeat", "nan"), ("nan is not a number of seconds",)),
        (("gateway", "--grace", "0"), ("0 is not a whole number",)),
        (("check",), ("PATH",)),
        (("check", "one.ipynb", "two.ipynb"), ("`two.ipynb`",)),
        (("grade",), ("UNIT",)),
    ],
)
def test_a_mistake_in_the_command_is_one_sentence(
    arguments: tuple[str, ...], words: tuple[str, ...]
) -> None:
    assert_one_sentence(autograder(*arguments), *words)


def test_a_taken_port_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert_one_sentence(autograder("lab", "--port", str(port)), f"Port {port} is taken")


def test_a_mistake_found_by_a_room_is_its_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> str:
        raise UserMistake("There is no unit 99: see `progress`.")

    monkeypatch.setattr(doctor, "report", refuse)
    assert cli.main(["doctor"]) == 2
    assert capsys.readouterr().err == "There is no unit 99: see `progress`.\n"


@pytest.mark.parametrize(
    ("chosen", "written"),
    [("", "░ \N{RIGHTWARDS ARROW} ü\n".encode()), ("cp1252", b"? ? \xfc\n")],
)
def test_a_pipe_gets_utf8_where_the_system_would_take_another_encoding(
    chosen: str, written: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `progress > file` on Windows, and in an ASCII locale: both ended in a traceback."""
    monkeypatch.setenv("PYTHONIOENCODING", chosen)
    monkeypatch.setattr(doctor, "report", lambda: "░ \N{RIGHTWARDS ARROW} ü")
    kept = io.BytesIO()
    with io.TextIOWrapper(kept, encoding=chosen or "ascii", newline="\n") as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        assert cli.main(["doctor"]) == 0
        pipe.flush()
        assert kept.getvalue() == written


# Old Pythons


def old_pythons() -> Iterator[Path]:
    """The interpreters of this machine that are too old: on PATH, or kept by pyenv."""
    found = [shutil.which(f"python{version}") for version in ("2.7", "3.6", "3.8", "3.9", "3.10")]
    candidates = [Path(name) for name in found if name]
    if shutil.which("pyenv"):
        kept = subprocess.run(["pyenv", "root"], capture_output=True, text=True, check=True)
        candidates += sorted(Path(kept.stdout.strip()).glob("versions/*/bin/python"))
    question = "import sys; print(sys.version_info < (3, 11))"
    for python in candidates:
        # A shim of pyenv is on PATH also for a version that is not switched on.
        answer = subprocess.run(
            [python, "-B", "-c", question], capture_output=True, text=True, check=False
        )
        if answer.stdout.strip() == "True":
            yield python


@pytest.mark.slow
def test_an_old_python_says_what_is_needed() -> None:
    for python in old_pythons():
        answer = subprocess.run(
            [python, "-m", "autograder", "lab"],
            cwd=ROOT,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert_one_sentence(answer, "needs Python 3.11 to 3.15", str(python))


@pytest.mark.parametrize("name", READ_BY_ANY_PYTHON)
def test_what_an_old_python_reads_has_no_newer_syntax(name: str) -> None:
    """Holds on machines without an old Python too; 3.4 is the oldest that `ast` knows."""
    tree = ast.parse((ROOT / "autograder" / name).read_text("utf-8"), feature_version=(3, 4))
    for node in ast.walk(tree):
        assert not isinstance(node, ast.JoinedStr | ast.AnnAssign | ast.Nonlocal)
        if isinstance(node, ast.FunctionDef):
            assert node.returns is None
            assert not node.args.kwonlyargs
            assert all(argument.annotation is None for argument in node.args.args)
        if isinstance(node, ast.ImportFrom):
            assert node.module != "__future__"


# doctor and test


def test_doctor_lists_each_room_and_what_a_missing_thing_costs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nothing_found = finding.Finding("Chromium", "not found", "the browser test is skipped")
    monkeypatch.setattr(doctor, "_ROOMS", {"Browser": lambda: [nothing_found]})
    report = doctor.report()
    assert "no  Chromium  not found" in report
    assert "the browser test is skipped" in report
    assert report.endswith("Missing: 1 of the above.")


@pytest.mark.slow
def test_doctor_works_before_anything_is_installed() -> None:
    """`-S -I`: no site-packages; the report must need the standard library only."""
    program = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r});"
        "from autograder import doctor; print(doctor.report())"
    )
    answer = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True
    )
    assert "not installed" in answer.stdout
    assert "run-queue wait" in answer.stdout


@pytest.fixture
def light_pytest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each pytest load xdist alone: hypothesis and others take it 1.3 s of CPU."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTEST_PLUGINS", "xdist.plugin")


@pytest.mark.slow
@pytest.mark.usefixtures("light_pytest")
def test_the_suite_runs_every_step_and_names_what_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_one.py").write_text("def test_one():\n    pass\n")
    steps = (suite.Step("broken", "no_such_module"), suite.Step("fine", "platform"))
    monkeypatch.setattr(suite, "CHECKS", steps)
    assert suite.run(tmp_path, [], quick=False, soak=False) == 1
    said = capfd.readouterr().out
    assert "No module named no_such_module" in said
    assert "1 passed" in said
    assert said.rstrip().splitlines()[-1].endswith(": broken.")


@pytest.mark.slow
@pytest.mark.usefixtures("light_pytest")
def test_with_arguments_of_its_own_only_pytest_runs(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "test_one.py").write_text("def test_one():\n    assert False\n")
    (tmp_path / "test_two.py").write_text("def test_two():\n    pass\n")
    assert suite.run(tmp_path, ["-q", "test_two.py"], quick=False, soak=False) == 0
    said = capfd.readouterr().out
    assert "1 passed" in said
    assert "ruff" not in said


@pytest.mark.usefixtures("light_pytest")
@pytest.mark.parametrize(
    ("quick", "soak", "count"), [(True, False, 1), (False, False, 2), (False, True, 3)]
)
def test_quick_leaves_out_and_soak_adds(
    quick: bool, soak: bool, count: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    lines = ["import pytest", "def test_short(): pass"]
    for mark in ("slow", "soak"):
        lines += [f"@pytest.mark.{mark}", f"def test_{mark}(): pass"]
    (tmp_path / "test_marked.py").write_text("\n".join(lines))
    (tmp_path / "pytest.ini").write_text("[pytest]\nmarkers =\n    slow\n    soak\n")
    assert suite.run(tmp_path, ["-q"], quick=quick, soak=soak) == 0
    assert f"{count} passed" in capfd.readouterr().out
