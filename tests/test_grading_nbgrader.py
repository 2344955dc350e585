"""nbgrader's own commands, with the course's settings and without them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import toy_unit as toy

from autograder.course import answers
from autograder.course.units import Unit

pytestmark = pytest.mark.slow  # a command of nbgrader's takes 3 s, a stock kernel 2 s more

BLOCKING = """
import time

async def roll(spec):
    time.sleep(0.4)
    return f"{spec}: rolled"
"""
HONEST = {
    "right": toy.submission(),
    "stub": toy.notebook(solved=False),
    "blocking": toy.submission(roll=BLOCKING),
    "wrong": toy.submission(
        double="async def double(number): return float(2 * number)",
        tally="class Tally:\n    async def add(self, author): raise KeyError(author)",
    ),
    "blocking_bot": toy.submission(
        bot="import time\n\nasync def reply_to(text):\n    time.sleep(0.9)\n    return text"
    ),
}
SCORES = {
    "right": {"double_visible": 2, "roll_visible": 3, "tally_visible": 4, "bot_visible": 5},
    "stub": {"double_visible": 0, "roll_visible": 0, "tally_visible": 0, "bot_visible": 0},
    "blocking": {"double_visible": 2, "roll_visible": 0, "tally_visible": 4, "bot_visible": 5},
    "wrong": {"double_visible": 0, "roll_visible": 3, "tally_visible": 0, "bot_visible": 5},
    "blocking_bot": {"double_visible": 2, "roll_visible": 3, "tally_visible": 4, "bot_visible": 0},
}


def nbgrader(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run nbgrader's command line in a course directory."""
    environment = {
        **os.environ,
        "PYTHONPATH": str(toy.ROOT),
        "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
        "JUPYTER_CONFIG_DIR": str(root / "nobody"),
    }
    return subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )


def scores(root: Path, unit: str = toy.UNIT) -> dict[str, dict[str, float]]:
    """What the gradebook says, by student and cell."""
    code = (
        "import json, sys\nfrom nbgrader.api import Gradebook\n"
        "with Gradebook(sys.argv[1]) as book:\n"
        "    print(json.dumps({s.student.id: {g.name: g.auto_score for n in s.notebooks\n"
        f"        for g in n.grades}} for s in book.assignment_submissions('{unit}')}}))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, f"sqlite:///{root / 'gradebook.db'}"],
        capture_output=True,
        text=True,
        check=True,
        env={
            **os.environ,
            "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
        },
    )
    found: dict[str, dict[str, float]] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose gradebook knows the toy unit, by nbgrader's own command."""
    root = toy.course(tmp_path_factory.mktemp("generated"))
    done = nbgrader(root, "generate_assignment", toy.UNIT)
    assert done.returncode == 0, done.stderr[-3000:]
    return root


@pytest.fixture(scope="module")
def examined(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course graded by `nbgrader autograde` with the course's settings."""
    root = tmp_path_factory.mktemp("examined")
    shutil.copytree(generated, root, dirs_exist_ok=True)
    for student, content in HONEST.items():
        toy.submit(root, student, content)
    done = nbgrader(root, "autograde", toy.UNIT)
    assert done.returncode == 0, done.stderr[-3000:]
    return root


def test_nbgrader_autograde_uses_the_examiner(examined: Path) -> None:
    assert scores(examined) == SCORES
    evidence = examined / "autograded" / "blocking" / toy.UNIT / f"{toy.UNIT}.examined.json"
    cell = json.loads(evidence.read_text())["cells"]["roll_visible"]
    assert cell["longest_block"] == pytest.approx(0.4, abs=0.01)
    assert cell["line"] == 4


def test_feedback_holds_the_sentence_and_the_picture(examined: Path) -> None:
    done = nbgrader(examined, "generate_feedback", toy.UNIT)
    assert done.returncode == 0, done.stderr[-3000:]
    folder = examined / "feedback" / "blocking" / toy.UNIT
    page = (folder / f"{toy.UNIT}.html").read_text()
    assert "the loop stood still for" in page
    assert "line 4 of cell roll" in page
    assert "data:image/" in page
    assert [path.name for path in folder.iterdir()] == [f"{toy.UNIT}.html"]  # no evidence


def test_nbgrader_export_writes_the_scores(examined: Path) -> None:
    assert nbgrader(examined, "export").returncode == 0
    rows = (examined / "grades.csv").read_text().splitlines()
    assert any(
        row.startswith(f"{toy.UNIT},") and ",right," in row and "14.0" in row for row in rows
    )


def test_stock_nbgrader_gives_the_same_scores_on_honest_submissions(
    generated: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(generated, tmp_path / "stock"))
    (root / "nbgrader_config.py").write_text("c = get_config()\n")
    for student, content in HONEST.items():
        toy.submit(root, student, content)
    done = nbgrader(root, "autograde", toy.UNIT)
    assert done.returncode == 0, done.stderr[-3000:]
    assert scores(root) == SCORES


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_stock_nbgrader_and_the_examiner_agree_on_unit_03(tmp_path: Path) -> None:
    """Two commands of about 30 s on a quiet machine: the lab all right, and with four faults."""
    unit = Unit(toy.ROOT, "03_gateway")
    ours = json.loads(unit.lab.read_text())
    faults = ("repair_two_time_sleep", "repair_five_requests", "defer_never", "measure_cpu_time")
    faulty = ours
    for fault in faults:
        faulty = answers.fill(faulty, answers.load(unit.answers / f"wrong_{fault}.py"))
    found = []
    for kind in ("examiner", "stock"):
        root = tmp_path / kind
        shutil.copytree(unit.folder, root / "source" / unit.name)
        settings = (toy.ROOT / "nbgrader_config.py").read_text()
        if kind == "stock":
            settings = (
                "c = get_config()\nc.CourseDirectory.ignore = ['*.py', '*.toml', '*.md']\n"
                "c.Execute.timeout = 120\n"
            )
        (root / "nbgrader_config.py").write_text(settings)
        for student, content in (("right", ours), ("faulty", faulty)):
            path = root / "submitted" / student / unit.name / f"{unit.name}.ipynb"
            path.parent.mkdir(parents=True)
            toy.write(path, content)
        assert nbgrader(root, "generate_assignment", unit.name).returncode == 0
        done = nbgrader(root, "autograde", unit.name)
        assert done.returncode == 0, done.stderr[-3000:]
        found.append(scores(root, unit.name))
    assert found[0] == found[1]
    assert sum(found[0]["right"].values()) == 80
    assert 0 < sum(found[0]["faulty"].values()) < 60


BROKEN = {
    "the_examiner_cannot_be_imported": ("autograder.grading.configuration", "autograder.nowhere"),
    "a_mistake_of_syntax": ("configure(c)", "configure(c"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_settings_stop_with_a_sentence_and_grade_nothing(
    name: str, generated: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(generated, tmp_path / "broken"))
    toy.submit(root, "ada", toy.submission())
    path = root / "nbgrader_config.py"
    path.write_text(path.read_text().replace(*BROKEN[name]) + "# autograder.grading\n")
    done = nbgrader(root, "autograde", toy.UNIT)
    assert done.returncode == 1
    assert "nbgrader_config.py" in done.stderr
    assert "nothing is graded" in done.stderr or "nothing was graded" in done.stderr
    found = scores(root).get("ada", {})
    assert all(score is None for score in found.values()), found
    assert not (root / "autograded" / "ada" / toy.UNIT).exists()
