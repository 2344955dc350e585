"""A launch on Binder, proven without Binder: the image is built as repo2docker would, its
entrypoint is started with Binder's limits and without a network, and a learner's Run All goes
through it over Jupyter's own interfaces.

What it measured is left in tests/screenshots/binder_image.txt.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from namespaces import apart, limited
from worked_labs import worked

from autograder.environment import contributor_tools, finding
from autograder.environment.control_group import entering

ROOT = Path(__file__).resolve().parents[2]
SUPPORT = ROOT / "tests" / "support"
REPORT = ROOT / "tests" / "screenshots" / "binder_image.txt"
LESSONS = ["work/03_gateway/03_gateway_lesson.ipynb", "work/08_databases/08_databases_lesson.ipynb"]
LAB = "work/08_databases/08_databases.ipynb"
ANSWERS = ["right_pool_queue_of_connections", "right_stream_pages", "right_xp_to_thread"]
COMMANDS = {
    "doctor": ["python3", "-m", "autograder", "doctor"],
    "check": ["python3", "-m", "autograder", "check", LAB],
}
CPU, MEMORY = 1.0, 2 << 30  # mybinder.org's limits

pytestmark = [
    pytest.mark.soak,  # 2 minutes: a rehearsal; CI runs it in a job of its own
    pytest.mark.timeout(900),  # nearly all of it in the fixture: downloads, and a busy machine
    pytest.mark.skipif(
        contributor_tools.binder().missing, reason=finding.reason(contributor_tools.binder())
    ),
]


@pytest.fixture(scope="module")
def launch(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the build and the launch told."""
    image = str(tmp_path_factory.mktemp("binder") / "image")
    plan = {
        "worked": {LAB: worked("08_databases", *ANSWERS)},  # `start` must leave it as it is
        "notebooks": LESSONS,
        "labs": ["work/03_gateway/03_gateway.ipynb", LAB],
        "commands": list(COMMANDS.values()),
    }
    builder = [sys.executable, str(SUPPORT / "binder_image.py"), str(ROOT), image]
    launcher = [sys.executable, str(SUPPORT / "binder_launch.py"), image, json.dumps(plan)]
    with limited(CPU, MEMORY) as groups:
        pod = [*(entering(*groups) if groups else []), *apart(*launcher, network=False)]
        told: dict[str, Any] = {"limits": "no limits, for want of control groups"}
        if groups is not None:
            told = {"limits": f"{CPU:g} CPU and {MEMORY >> 30} GB"}
        told |= json.loads(run(apart(*builder, *pod)))
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(report(told), "utf-8")
    print(report(told))
    return told


def terminal(launch: dict[str, Any], name: str) -> dict[str, Any]:
    """What one of the commands said."""
    said: dict[str, Any] = launch["commands"][list(COMMANDS).index(name)]
    return said


def run(command: list[str]) -> str:
    """Run a command to its end and return what it printed; its last words if it failed."""
    answer = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert answer.returncode == 0, (answer.stdout + answer.stderr)[-6000:]
    return answer.stdout


def report(told: dict[str, Any]) -> str:
    """Where the space and the time went, as text."""
    sizes, steps = told["built"]["kilobytes"], told["built"]["seconds"]
    lines = ["Image, in place of Binder's:"]
    lines += [f"  {size / 1e3:7.0f} MB  {name}" for name, size in sizes.items()]
    lines += ["Its largest packages:"]
    lines += [f"  {size / 1e3:7.0f} MB  {name}" for size, name in told["built"]["largest"]]
    lines += [f"Build: {sum(seconds for seconds, _ in steps):.0f} s"]
    lines += [f"  {seconds:7.1f} s  {step}" for seconds, step in steps if seconds >= 1]
    lines += [f"Launch with {told['limits']}:"]
    lines += [f"  {told['answered']:7.1f} s  until JupyterLab answers"]
    for one in told["notebooks"]:
        lines += [f"  {one['first']:7.1f} s  until the first cell of {one['path']} has ended"]
        lines += [f"  {one['seconds']:7.1f} s  until all {one['cells']} have"]
    for name in COMMANDS:
        lines += [f"  {terminal(told, name)['seconds']:7.1f} s  {name}"]
    lines += [f"  {told['bytes'] / 1e6:7.0f} MB of memory at most, all processes"]
    return "\n".join(lines) + "\n"


def test_the_lessons_run_to_their_end_without_an_error_and_are_saved(
    launch: dict[str, Any],
) -> None:
    for told, saved in zip(launch["notebooks"], launch["saved"], strict=True):
        assert told["errors"] == []
        assert told["ran"] == told["cells"]
        assert told["pictures"]
        code = [one for one in saved["cells"] if one["cell_type"] == "code" and one["source"]]
        assert len(code) == told["cells"]
        assert all(cell["execution_count"] for cell in code)
        assert sum("image/" in json.dumps(cell["outputs"]) for cell in code) > 1


def test_the_page_has_the_live_log_and_no_panels_of_instructors(launch: dict[str, Any]) -> None:
    for page in launch["pages"]:
        assert "unblocked" in page["extensions"]
        assert any("nbgrader" in name for name in page["disabled"])
    assert [one for one in launch["log"] if "4009" in one]  # a bot died before the log's eyes


def test_all_servers_are_there_and_nothing_is_installed_at_launch(launch: dict[str, Any]) -> None:
    said = terminal(launch, "doctor")["said"]
    found = re.search(r"The servers\n(.*?)\n\n", said, re.DOTALL)
    assert found
    assert "  no  " not in found[1]
    assert "ok  MariaDB" in found[1]
    assert "ok  packages" in said
    assert ".venv" not in launch["home"]


def test_setup_cells_may_run_again_in_a_new_kernel_and_in_the_same(launch: dict[str, Any]) -> None:
    """After ten idle minutes Binder ends the kernel, and whoever comes back begins at the top."""
    assert launch["again"] == []


def test_right_answers_get_all_points_where_namespaces_are_refused(launch: dict[str, Any]) -> None:
    said = terminal(launch, "check")
    assert said["code"] == 0, said["said"]
    assert "08_databases: 70 of 70 points." in said["said"]


def test_two_notebooks_at_once_need_less_than_half_of_the_memory(launch: dict[str, Any]) -> None:
    # 630-660 MB measured; the pod's limit counts file caches as well, hence the half
    assert launch["bytes"] < MEMORY / 2


def test_the_image_stays_small(launch: dict[str, Any]) -> None:
    # 1.4 GB measured, 1.1 of it Python's packages
    assert launch["built"]["kilobytes"]["all"] < 1.7e6
