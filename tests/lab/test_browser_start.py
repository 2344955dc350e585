"""The start page's links in a real browser: the next step opens, and work/ is downloaded."""

from __future__ import annotations

import zipfile
from pathlib import Path

import nbformat
import pytest
from browsing import chromium, open_notebook, run_all
from running_lab import clone_into, lab

from autograder.course.unit import Unit
from autograder.environment import contributor_tools, finding

pytestmark = [
    pytest.mark.slow,  # Chromium and JupyterLab need about 10 s
    pytest.mark.skipif(
        contributor_tools.browser().missing, reason=finding.reason(contributor_tools.browser())
    ),
]


def test_the_next_step_opens_in_a_tab_and_one_click_saves_work(tmp_path: Path) -> None:
    root = clone_into(tmp_path / "clone")
    start = Unit(root, "00_start_here").work_lesson
    start.parent.mkdir(parents=True)
    cells = ["from autograder import progress\nprogress()"]
    cells += ["from autograder.course.learner.backup import save\nsave()"]
    short = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    short.metadata.kernelspec = {
        "name": "python3",
        "display_name": "Python 3",
        "language": "python",
    }
    nbformat.write(short, start)
    with lab(root, tmp_path) as running, chromium(tmp_path / "profile", []) as page:
        open_notebook(page, running, start.relative_to(root).as_posix())
        run_all(page, start)
        with page.expect_download() as downloading:
            page.get_by_role("link", name="Download unblocked-").click()
        with zipfile.ZipFile(downloading.value.path()) as saved:
            assert "00_start_here/00_start_here.ipynb" in saved.namelist()
        page.get_by_text("All units").click()
        page.get_by_role("link", name="03_gateway").click()
        page.get_by_role("heading", name="Stop a bot's heart").wait_for(timeout=30_000)
        assert page.get_by_role("tab", name="03_gateway_lesson.ipynb").count() == 1
