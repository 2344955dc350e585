"""Both commands of the README on the newest Pythons, in a folder with Debian's sid.

What was said there is left in tests/screenshots/debian_sid_3.NN.txt.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from namespaces import apart

from autograder.environment import contributor_tools, finding

ROOT = Path(__file__).resolve().parents[2]
INSIDE = ROOT / "tests" / "support" / "debian_sid.py"
PYTHONS = ("3.14", "3.15")  # those of sid, in November 2026
# The tests of what a new Python changes: how code is run, traced and blamed, and what is drawn in.
FILES = (
    "course/test_linting",
    "grading/test_pages",
    "monitor/test_probe",
    "monitor/test_watch",
    "monitor/test_watch_surroundings",
    "world/test_databases",
    "world/test_gateway_discord",
    "world/test_world",
)

pytestmark = [
    pytest.mark.soak,  # a Python, beside load 25: install 4.5 minutes, build 2, answers 6
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        contributor_tools.sid().missing, reason=finding.reason(contributor_tools.sid())
    ),
]


@pytest.fixture(scope="module", params=PYTHONS)
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the commands said on one Python."""
    root = tmp_path_factory.mktemp("sid") / "root"
    files = [f"tests/{name}.py" for name in FILES]
    script = [sys.executable, str(INSIDE), str(ROOT), str(root), request.param]
    done = subprocess.run(
        apart(*script, *files, "-q"),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
    answer = json.loads(done.stdout)
    report = ROOT / "tests" / "screenshots" / f"debian_sid_{request.param}.txt"
    report.parent.mkdir(exist_ok=True)
    report.write_text(json.dumps(answer, indent=1).replace("\\n", "\n"), "utf-8")
    assert answer["python"].startswith(request.param)
    return answer


def test_lab_installs_and_gets_ready_and_the_second_start_installs_nothing(told: Any) -> None:
    assert told["first"]["ready"], told["first"]["said"]
    assert "Installed in" in told["first"]["said"]
    assert told["second"]["ready"], told["second"]["said"]
    assert "Installed in" not in told["second"]["said"]


def test_doctor_finds_the_packages_and_postgresql(told: Any) -> None:
    assert told["doctor"]["code"] == 0
    for name in ("Python", "packages", "PostgreSQL"):
        assert f"ok  {name} " in told["doctor"]["said"]


@pytest.mark.parametrize("command", ["build", "answers", "test"])
def test_the_lint_the_labs_and_what_a_new_python_changes_are_right(told: Any, command: str) -> None:
    """3.14's symtable refused cells that await; 3.15's sqlite3.connect, a lab's way to call it."""
    assert told[command]["code"] == 0, told[command]["said"][-6000:]
