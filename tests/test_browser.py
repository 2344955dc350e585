"""JupyterLab in a real Chromium: what a learner sees after `lab`, Run All included.

The screenshots are kept in tests/screenshots/, to be looked at.
"""

from __future__ import annotations

import json
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Route, sync_playwright
from running_lab import ROOT, Lab, clone_into, lab

from autograder import doctor
from autograder.course.units import Unit

SCREENSHOTS = ROOT / "tests" / "screenshots"
FLAGS = [
    "--no-sandbox",  # CI is root, and Chromium refuses to be root inside its sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
LESSON_SECONDS = 150.0  # the lesson of unit 03 waits about 20 s for servers and heartbeats

pytestmark = [
    pytest.mark.slow,  # Chromium and JupyterLab need about 10 s, the lesson its own time
    pytest.mark.timeout(240),
    pytest.mark.skipif(doctor.browser().missing, reason=doctor.reason(doctor.browser())),
]


@contextmanager
def chromium(profile: Path, outside: list[str]) -> Iterator[Page]:
    """A fresh Chromium with one page; requests that would leave this machine are only noted."""

    def stay_here(route: Route) -> None:
        if urllib.parse.urlsplit(route.request.url).hostname == "127.0.0.1":
            route.continue_()
        else:
            outside.append(route.request.url)
            route.abort()

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=str(doctor.chromium()),
            headless=True,
            args=FLAGS,
            viewport={"width": 1280, "height": 900},
        )
        context.route("http*://**", stay_here)
        page = context.pages[0]
        try:
            yield page
        except BaseException:
            SCREENSHOTS.mkdir(exist_ok=True)
            page.screenshot(path=SCREENSHOTS / "failed.png")
            raise
        finally:
            context.close()


def run_all(page: Page, notebook: Path) -> list[dict[str, Any]]:
    """Queue every cell at once, as a person does, and return the cells when the last has ended."""
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    deadline = time.monotonic() + LESSON_SECONDS
    while time.monotonic() < deadline:
        page.wait_for_timeout(1000)
        page.keyboard.press("Control+s")
        cells: list[dict[str, Any]] = json.loads(notebook.read_text("utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code" and cell["source"]]
        if all(cell["execution_count"] for cell in code):
            return code
    waiting = [cell["source"] for cell in code if not cell["execution_count"]]
    raise AssertionError(f"{len(waiting)} cells never ran; the first is:\n{waiting[0]}")


def open_notebook(page: Page, running: Lab, path: str) -> None:
    address = urllib.parse.urlsplit(running.url)
    page.goto(f"{address.scheme}://{address.netloc}/lab/tree/{path}?{address.query}")
    page.locator(".jp-Notebook").wait_for(timeout=60_000)
    # The status bar knows; the dot beside the kernel's name is idle before there is a kernel.
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)


def scroll_to(picture: Locator) -> None:
    """Bring a picture into sight; cells above it that are drawn only now push it away again."""
    for _ in range(3):
        picture.scroll_into_view_if_needed(timeout=30_000)
        picture.page.wait_for_timeout(500)


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
