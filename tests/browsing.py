"""A real Chromium before JupyterLab, for the tests of what a learner sees and clicks.

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

from playwright.sync_api import Locator, Page, Route, sync_playwright
from running_lab import ROOT, Lab

from autograder import doctor

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
    # At first JupyterLab shows what was open the last time.
    tab = page.locator(".lm-DockPanel-tabBar .lm-mod-current", has_text=path.rpartition("/")[2])
    tab.wait_for(timeout=60_000)
    page.locator(".jp-Notebook:visible").wait_for(timeout=60_000)
    # The status bar knows; the dot beside the kernel's name is idle before there is a kernel.
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)


def scroll_to(picture: Locator) -> None:
    """Bring a picture into sight; cells above it that are drawn only now push it away again."""
    for _ in range(3):
        picture.scroll_into_view_if_needed(timeout=30_000)
        picture.page.wait_for_timeout(500)
