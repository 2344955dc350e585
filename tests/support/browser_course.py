"""A course in a browser: a clone, its JupyterLab, and one page that many tests share."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
from browsing import address, await_kernel, chromium
from playwright.sync_api import Page
from running_lab import Lab, clone_into, lab
from worked_labs import worked

from autograder.course.author import render
from autograder.course.unit import Unit

# JupyterLab lets the page's own console reach it: so a test closes tabs and opens notebooks in a
# page that is loaded already, with the commands that the menus have.
SERVER = {
    "LabApp": {"expose_app_in_browser": True},
    "JupyterNotebookApp": {"expose_app_in_browser": True},  # Notebook 7
}
TRY = "work/try"  # a folder for notebooks of our own
LOG = ".unblocked-log"
HEART = ".jp-SideBar.jp-mod-right [data-id=unblocked-live-log]"  # opens and closes the log


@dataclass
class Course:
    """A clone of the repository, its JupyterLab, and the page that shows it."""

    root: Path
    running: Lab
    page: Page
    outside: list[str] = field(default_factory=list)
    all_drawn: bool = False

    def resize(self, size: tuple[int, int]) -> None:
        if self.page.viewport_size != {"width": size[0], "height": size[1]}:
            self.page.set_viewport_size({"width": size[0], "height": size[1]})
            self.page.wait_for_timeout(500)

    def open(self, path: str, *, alone: bool = True) -> None:
        """Open a notebook in the page as it is; `alone`: without other tabs and their kernels."""
        if not self.page.url.startswith("http"):
            self.page.goto(address(self.running, f"/lab/tree/{path}"))
            await_kernel(self.page, path)
            return
        if alone:
            self.page.evaluate(CLOSE)
        self.page.evaluate(OPEN, path)
        await_kernel(self.page, path)

    def load(self, path: str) -> None:
        """Load JupyterLab's page again, with this notebook in front and all cells drawn."""
        settings = self.root / "work/.unblocked/jupyterlab/settings/@jupyterlab/notebook-extension"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
        self.page.goto(address(self.running, f"/lab/tree/{path}"))
        await_kernel(self.page, path)
        self.all_drawn = True

    def open_drawn(self, path: str) -> None:
        """Open a notebook with all of its cells drawn, those out of sight as well.

        JupyterLab draws some only when they come near the window, unless a setting says otherwise;
        it reads that once a page. So only the first tests see what learners have.
        """
        if self.all_drawn:
            self.open(path)
        else:
            self.load(path)

    def await_layout(self, right: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until JupyterLab has written down what is open; it takes its time."""
        for _ in range(600):
            workspace = json.loads(self.running.ask("/lab/api/workspaces/default"))
            layout = workspace["data"].get("layout-restorer:data")
            if layout and right(layout):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("JupyterLab did not write down its layout")

    def write(self, path: str, *sources: str) -> str:
        """Put a notebook of these code cells into the clone."""
        cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
        (self.root / path).parent.mkdir(exist_ok=True)
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata.kernelspec = render.KERNEL  # else JupyterLab asks which
        nbformat.write(notebook, self.root / path)
        return path

    def expect_log(self, sentence: str) -> None:
        self.page.locator(LOG).get_by_text(sentence).first.wait_for()

    def fill(self, unit: str, *names: str) -> Path:
        """Put a lab with these answers into work/."""
        work = Unit(self.root, unit).work_lab
        work.write_text(worked(unit, *names), "utf-8")
        return work.relative_to(self.root)


# What a test has not saved is lost, as with a page that is loaded again; but nobody is asked.
CLOSE = """async () => {
  const app = window.jupyterapp;
  for (const tab of [...app.shell.widgets('main')]) {
    if (tab.context) tab.context.model.dirty = false;
    tab.close();
  }
  await app.serviceManager.sessions.shutdownAll();
}"""

OPEN = """async path => {
  const tab = await window.jupyterapp.commands.execute('docmanager:open', { path });
  await tab.context.ready;
  await tab.sessionContext.ready;
}"""

PAINT = "theme => window.jupyterapp.commands.execute('apputils:change-theme', { theme })"


def paint(page: Page, theme: str) -> None:
    """Choose JupyterLab's theme, as its menu does; the next page has it as well."""
    page.evaluate(PAINT, f"JupyterLab {theme}")
    page.locator(f'body[data-jp-theme-name="JupyterLab {theme}"]').wait_for(state="attached")


@contextmanager
def opened_course(home: Path) -> Iterator[Course]:
    """Clone the course, start its server and a Chromium; end both."""
    root = clone_into(home / "clone")
    (home / ".jupyter").mkdir()
    (home / ".jupyter" / "jupyter_server_config.json").write_text(json.dumps(SERVER))
    outside: list[str] = []
    with lab(root, home) as running, chromium(home / "profile", outside) as page:
        yield Course(root, running, page, outside)
