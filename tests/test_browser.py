"""JupyterLab in a real Chromium: what a learner sees after `lab`, Run All included."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import SCREENSHOTS, chromium, open_notebook, run_all, scroll_to
from running_lab import clone_into, lab

from autograder import doctor
from autograder.course.units import Unit

pytestmark = [
    pytest.mark.slow,  # Chromium and JupyterLab need about 10 s, the lesson its own time
    pytest.mark.timeout(240),
    pytest.mark.skipif(doctor.browser().missing, reason=doctor.reason(doctor.browser())),
]


def test_the_lesson_of_unit_03_runs_to_its_end_and_shows_its_pictures(tmp_path: Path) -> None:
    root = clone_into(tmp_path / "clone")
    lesson = Unit(root, "03_gateway").work_lesson
    outside: list[str] = []
    with lab(root, tmp_path) as running, chromium(tmp_path / "profile", outside) as page:
        open_notebook(page, running, lesson.relative_to(root).as_posix())
        cells = run_all(page, lesson)
        errors = [output for cell in cells for output in cell["outputs"] if "ename" in output]
        assert not errors

        picture = page.locator(".jp-OutputArea img").first
        scroll_to(picture)
        assert picture.evaluate("image => image.complete && image.naturalWidth > 300")
        assert picture.get_attribute("alt")
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "03_gateway_lesson.png")
        assert page.get_by_text("Would you like to get notified").count() == 0
    assert not outside


def test_a_link_of_the_toolbox_leads_to_the_cell_of_a_lesson(tmp_path: Path) -> None:
    root = clone_into(tmp_path / "clone")
    with lab(root, tmp_path) as running, chromium(tmp_path / "profile", []) as page:
        open_notebook(page, running, "work/toolbox/misconceptions.ipynb")
        page.locator('a[href*="03_gateway_lesson"]').first.click()
        there = page.locator(".jp-Notebook:visible .jp-CodeCell", has_text="evening(quote, ping")
        there.first.wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        SCREENSHOTS.mkdir(exist_ok=True)
        page.screenshot(path=SCREENSHOTS / "toolbox_link.png")
        box = there.first.bounding_box()
        assert box is not None
        assert 0 <= box["y"] < 900
