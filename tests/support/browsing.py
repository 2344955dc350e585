"""A real Chromium before JupyterLab, for the tests of what a learner sees and clicks.

The screenshots are kept in tests/screenshots/, to be looked at.
"""

from __future__ import annotations

import json
import re
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, Request, expect, sync_playwright
from running_lab import ROOT, Lab

from autograder.environment import contributor_tools

SCREENSHOTS = ROOT / "tests" / "screenshots"
FLAGS = [
    "--no-sandbox",  # CI is root, and Chromium refuses to be root inside its sandbox
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # Nothing else has an address. (Playwright's `route` would see to it as well, but it switches
    # Chromium's cache off: then each page takes 5 s of CPU more.)
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    # A page lives for seconds: code that is compiled for speed, and compiled before it is called,
    # costs more than it saves. With STILL, to open four notebooks takes 17 s of CPU and not 25.
    "--js-flags=--max-lazy --no-opt --no-maglev --min-semi-space-size=64",
]
# Nothing moves: what turns or fades is drawn 60 times a second, a fifth of what a page costs.
STILL = """{
  const sheet = new CSSStyleSheet();
  const none = "animation: none !important; transition: none !important";
  sheet.replaceSync(`*, ::before, ::after { ${none} }`);
  document.adoptedStyleSheets = [sheet];
}"""
PATIENCE = 60_000  # ms for what a page shows within a second on a free machine
LESSON_SECONDS = 150.0  # the lesson of unit 03 waits about 20 s for servers and heartbeats
WINDOW = (1280, 900)
NUMBERED = re.compile(r"\[\d+\]:")


@contextmanager
def chromium(profile: Path, outside: list[str]) -> Iterator[Page]:
    """A fresh Chromium with one page; requests that would leave this machine fail and are noted."""

    def note(request: Request) -> None:
        url = urllib.parse.urlsplit(request.url)
        if url.scheme in ("http", "https") and url.hostname != "127.0.0.1":
            outside.append(request.url)

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(profile),
            executable_path=str(contributor_tools.chromium()),
            headless=True,
            args=FLAGS,
            viewport={"width": WINDOW[0], "height": WINDOW[1]},
        )
        context.on("request", note)
        context.add_init_script(STILL)
        page = context.pages[0]
        context.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        try:
            yield page
        except BaseException:
            keep(page, "failed")
            raise
        finally:
            context.close()


def keep(page: Page, name: str) -> None:
    """Keep a screenshot of what is in the window."""
    SCREENSHOTS.mkdir(exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png")


def run_all(page: Page, notebook: Path) -> list[dict[str, Any]]:
    """Queue every cell at once, as a person does; save; return the cells when the last has ended.

    The page is asked, not the file: each save of the lesson of unit 03 writes 1 MB.
    """
    press(page, "Run", "Run All Cells")
    page.wait_for_function(ALL_RAN, timeout=LESSON_SECONDS * 1000, polling=500)
    page.keyboard.press("Control+s")
    for _ in range(PATIENCE // 200):
        page.wait_for_timeout(200)
        try:
            cells: list[dict[str, Any]] = json.loads(notebook.read_text("utf-8"))["cells"]
        except json.JSONDecodeError:  # Jupyter's server writes it just now
            continue
        code = [cell for cell in cells if cell["cell_type"] == "code" and cell["source"]]
        if all(cell["execution_count"] for cell in code):
            return code
    raise AssertionError(f"{notebook.name} was not saved")


ALL_RAN = """() => [...window.jupyterapp.shell.currentWidget.content.model.cells].every(
  cell => cell.type !== 'code' || !cell.sharedModel.source || cell.executionCount
)"""


def press(page: Page, menu: str, item: str) -> None:
    """Choose an item of a menu."""
    page.get_by_role("menuitem", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=item, exact=True).click()


def await_kernel(page: Page, path: str) -> None:
    """Wait until this notebook is in front and its kernel is ready."""
    # At first JupyterLab shows what was open the last time.
    tab = page.locator(".lm-DockPanel-tabBar .lm-mod-current", has_text=path.rpartition("/")[2])
    tab.wait_for(timeout=60_000)
    page.locator(".jp-Notebook:visible").wait_for(timeout=60_000)
    # The status bar knows; the dot beside the kernel's name is idle before there is a kernel.
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)


def address(running: Lab, path: str) -> str:
    """The address of a page of this server, with the token."""
    start = urllib.parse.urlsplit(running.url)
    return f"{start.scheme}://{start.netloc}{path}?{start.query}"


def scroll_to(picture: Locator) -> None:
    """Bring a picture into sight; cells above it that are drawn only now push it away again."""
    for _ in range(6):
        picture.scroll_into_view_if_needed(timeout=60_000)
        there = picture.bounding_box()
        picture.page.wait_for_timeout(300)
        if picture.bounding_box() == there:
            return


def cell(page: Page, text: str) -> Locator:
    """The first code cell with that text, brought into sight; it stays the same if it changes."""
    cells = page.locator(".jp-Notebook:visible .jp-CodeCell")
    cells.filter(has_text=text).first.wait_for(state="attached", timeout=60_000)
    texts = cells.evaluate_all(  # a folded cell has no editor
        "all => all.map(one => one.querySelector('.jp-InputArea')?.textContent ?? '')"
    )
    found = cells.nth(next(number for number, shown in enumerate(texts) if text in shown))
    found.locator(".jp-InputArea").scroll_into_view_if_needed()
    return found


def run_cell(where: Locator, *, source: str | None = None, seconds: float = 60) -> None:
    """Run one cell, with another text if there is one, and wait until it has ended."""
    page = where.page
    where.locator(".cm-content").click()
    if source is not None:
        page.keyboard.press("Control+a")
        page.keyboard.insert_text(source)
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(200)
    where.locator(".jp-InputPrompt", has_text=NUMBERED).wait_for(timeout=seconds * 1000)


def troubles(page: Page) -> dict[str, list[str]]:
    """What is wrong with the outputs of the notebook that is open, by kind; nothing if all is well.

    Asked of the page itself: what is wider than its place, texts that the background swallows
    (below 4.5:1, WCAG's AA), pictures without words, pictures that leave their output.
    """
    found: dict[str, list[str]] = page.evaluate(LOOK)
    return {kind: what for kind, what in found.items() if what}


LOOK = (Path(__file__).parent / "looking.js").read_text(encoding="utf-8")
