"""Names in strings lead somewhere, old names go on working, the core needs no package."""

from __future__ import annotations

import ast
import importlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from autograder.environment import contributor_tools
from autograder.environment.finding import reason
from autograder.moved import MOVED
from autograder.paths import PACKAGE, ROOT

EDITIONS = Path(__file__).parents[1] / "editions"
OLD_MODULES = (EDITIONS / "edition_1_modules.txt").read_text(encoding="utf-8").split()
OLD_IMPORTS = (EDITIONS / "edition_1_imports.txt").read_text(encoding="utf-8").splitlines()
DOTTED = re.compile(r"autograder(?:\.\w+)+(?::\w+)?")
CORE = """
import sys
sys.path.insert(0, sys.argv[1])
import asyncio, importlib, json, pkgutil, time
import autograder.paths, autograder.wire, autograder.report.record, autograder.monitor as monitor
for module in pkgutil.iter_modules(monitor.__path__):
    importlib.import_module(f"autograder.monitor.{module.name}")
from autograder import watch

async def bot():
    await asyncio.sleep(0.01)
    time.sleep(0.15)
    return 7

for tries in range(4):  # the sampler needs a CPU during the block to see the line
    time.sleep(tries)
    report = asyncio.run(watch(bot))
    if report.blocks[0].code and report.blocks[0].seconds > 0.1:
        break
installed = [name for name, module in sys.modules.items()
             if "-packages" in (getattr(module, "__file__", "") or "")]
block = report.blocks[0]
print(json.dumps([report.value, block.seconds > 0.1, block.code, installed]))
"""


@pytest.mark.parametrize("name", OLD_MODULES)
def test_every_module_name_of_the_first_edition_still_leads_to_a_module(name: str) -> None:
    assert importlib.import_module(name) is not None


@pytest.mark.parametrize("statement", OLD_IMPORTS)
def test_every_import_of_the_first_editions_notebooks_still_works(statement: str) -> None:
    names: dict[str, object] = {}
    exec(statement, names)
    assert len(names) > 1  # beside the builtins


def test_an_old_name_is_the_new_module_itself_or_gives_what_the_new_ones_have() -> None:
    for old, homes in MOVED.items():
        module = importlib.import_module(old)
        if len(homes) == 1:
            assert module is importlib.import_module(homes[0])
            continue
        for home in homes:
            present = importlib.import_module(home)
            own = [name for name, value in vars(present).items() if _made_in(value, home)]
            assert own
            assert all(hasattr(module, name) for name in own), (old, home)


def _made_in(value: object, home: str) -> bool:
    return getattr(value, "__module__", "") == home


def test_what_a_memory_count_in_a_kept_lab_asks_for_keeps_its_name() -> None:
    from autograder import testing
    from autograder.monitor import task_trace

    kept = [task_trace.TaskTrace, task_trace.TaskTracer, task_trace._Traced]
    assert {one.__module__ for one in kept} == {"autograder.lanes"}
    assert "autograder.lanes" in testing.OURS


def texts() -> Iterator[tuple[str, str]]:
    """The strings of our code that begin with `autograder.`, and where they are."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name == "moved.py":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for name in DOTTED.findall(node.value.replace("autograder.zip", "")):
                    yield name, path.relative_to(ROOT).as_posix()
    for path in [*PACKAGE.rglob("*.json"), ROOT / "nbgrader_config.py", *ROOT.glob(".binder/*")]:
        for name in DOTTED.findall(path.read_text(encoding="utf-8")):
            yield name, path.relative_to(ROOT).as_posix()


@pytest.mark.slow
def test_every_dotted_name_in_a_string_leads_somewhere() -> None:
    broken = [f"{place}: {name}" for name, place in texts() if not _resolves(name)]
    assert broken == []


def _resolves(name: str) -> bool:
    dotted, _, attribute = name.partition(":")
    parts = dotted.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found: object = importlib.import_module(".".join(parts[:end]))
        except ImportError:
            continue
        for part in [*parts[end:], *([attribute] if attribute else [])]:
            if not hasattr(found, part):
                # A name of a file, such as `autograder.lanes` in a sentence about kept labs.
                return False
            found = getattr(found, part)
        return True
    return False


@pytest.mark.parametrize("python", ["this one", "3.10"])
def test_the_core_runs_without_any_package(python: str, tmp_path: Path) -> None:
    program = sys.executable
    if python != "this one":
        finding = contributor_tools.oldest_python()
        if finding.missing:
            pytest.skip(reason(finding))
        program = finding.found
    script = tmp_path / "bot.py"
    script.write_text(CORE, encoding="utf-8")
    # -S: no site-packages, so that an import of anything installed fails
    told = subprocess.run(
        [program, "-S", script, str(ROOT)], capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == [7, True, "time.sleep(0.15)", []]
