"""JupyterLab in a real Chromium: what a learner sees and clicks, and whether it can be read.

One server and one Chromium for all of it; the tests go through a course as a person would, in this
order, and each leaves its screenshots in tests/screenshots/.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browsing import (
    WINDOW,
    address,
    cell,
    chromium,
    keep,
    open_notebook,
    press,
    run_all,
    run_cell,
    scroll_to,
    troubles,
)
from playwright.sync_api import Locator, Page, expect
from running_lab import Lab, clone_into, lab
from worked_labs import worked

from autograder.course.author import answers, render
from autograder.course.unit import Unit
from autograder.environment import contributor_tools, finding

pytestmark = [
    pytest.mark.slow,  # Chromium and JupyterLab need about 10 s, the lesson its own time
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        contributor_tools.browser().missing, reason=finding.reason(contributor_tools.browser())
    ),
]

ANSWERS = Path(__file__).parents[1] / "answers"
PHONE, ZOOMED = (390, 844), (640, 450)  # CSS pixels; 200 % of 1280 x 900 leaves half of each
KILLED = '.jp-OutputArea-output:has(img[alt*="4009"])'  # the picture of a bot that lost its line
AGAIN = re.compile("run (it|the cell) again", re.IGNORECASE)  # an open verdict
TRY = "work/try"  # a folder for notebooks of our own


@dataclass
class Course:
    """A clone of the repository, its JupyterLab, and the page that shows it."""

    root: Path
    home: Path
    running: Lab
    page: Page
    outside: list[str] = field(default_factory=list)

    def set(self, plugin: str, **settings: Any) -> None:
        """Choose settings of JupyterLab's, as its settings editor writes them."""
        package, _, name = plugin.partition(":")
        path = self.home / ".jupyter/lab/user-settings" / package / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(settings))

    def show_all_cells(self) -> None:
        """From the next page on, all cells of a notebook are drawn, those out of sight as well."""
        self.set("@jupyterlab/notebook-extension:tracker", windowingMode="none")

    def paint(self, theme: str) -> None:
        self.set("@jupyterlab/apputils-extension:themes", theme=f"JupyterLab {theme}")

    def resize(self, size: tuple[int, int]) -> None:
        self.page.set_viewport_size({"width": size[0], "height": size[1]})
        self.page.wait_for_timeout(500)

    def open(self, path: str, *, alone: bool = True) -> None:
        open_notebook(self.page, self.running, path, alone=alone)

    def until_remembered(self, name: str) -> None:
        """Wait until JupyterLab has saved that it is open: it does so a second later, or more."""
        workspace = address(self.running, "/lab/api/workspaces/default")
        for _ in range(100):
            if name in self.page.request.get(workspace).text():
                return
            self.page.wait_for_timeout(200)
        raise TimeoutError(f"JupyterLab has not saved that {name} is open")

    def write(self, path: str, *sources: str) -> str:
        """Put a notebook of these code cells into the clone."""
        cells = [nbformat.v4.new_code_cell(source) for source in sources]
        (self.root / path).parent.mkdir(exist_ok=True)
        notebook = nbformat.v4.new_notebook(cells=cells)
        notebook.metadata.kernelspec = render.KERNEL  # else JupyterLab asks which
        nbformat.write(notebook, self.root / path)
        return path

    def fill(self, unit: str, *names: str) -> Path:
        """Put a lab with these answers into work/."""
        work = Unit(self.root, unit).work_lab
        work.write_text(worked(unit, *names), "utf-8")
        return work.relative_to(self.root)


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    home = tmp_path_factory.mktemp("home")
    root = clone_into(home / "clone")
    outside: list[str] = []
    with lab(root, home) as running, chromium(home / "profile", outside) as page:
        yield Course(root, home, running, page, outside)


@pytest.fixture(autouse=True)
def window(course: Course, request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test begins with a window of the usual size, and keeps what it saw when it failed."""
    course.resize(WINDOW)
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        keep(course.page, f"failed_{request.node.name}")
        print(course.page.locator(".jp-Notebook:visible .jp-CodeCell").all_inner_texts())
    course.page.keyboard.press("Escape")


@pytest.fixture(scope="module")
def lesson(course: Course) -> Path:
    """The lesson of unit 03 after Run All, saved."""
    path = Unit(course.root, "03_gateway").work_lesson
    course.open(path.relative_to(course.root).as_posix())
    cells = run_all(course.page, path)
    errors = [output for cell in cells for output in cell["outputs"] if "ename" in output]
    assert not errors
    course.show_all_cells()
    return path.relative_to(course.root)


def test_the_start_page_opens_by_itself_and_asks_for_nothing(course: Course) -> None:
    page = course.page
    page.goto(course.running.url)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=30_000)
    expect(page.locator(".jp-Notebook:visible h1").first).to_have_text(re.compile("^00"))
    page.wait_for_timeout(1000)
    keep(page, "00_start_page")
    assert page.get_by_text("Would you like to get notified").count() == 0
    assert page.locator(".jp-Dialog").count() == 0
    assert page.get_by_text("Create Assignment").count() == 0  # a panel for instructors


def test_the_lesson_of_unit_03_runs_to_its_end_and_shows_its_pictures(
    course: Course, lesson: Path
) -> None:
    picture = course.page.locator(".jp-OutputArea img").first
    scroll_to(picture)
    assert picture.evaluate("image => image.complete && image.naturalWidth > 300")
    assert picture.get_attribute("alt")
    assert not course.outside


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_every_output_of_the_lesson_can_be_read(course: Course, lesson: Path, theme: str) -> None:
    """In both themes, at 1280 pixels, at 200 % of them, and on a phone (Notebook 7)."""
    course.paint(theme)
    course.open(lesson.as_posix())
    painted = course.page.locator(f'body[data-jp-theme-name="JupyterLab {theme}"]')
    painted.wait_for(state="attached")
    seen = {}
    for name, size in (("1280", WINDOW), ("200_percent", ZOOMED)):
        course.resize(size)
        if size == ZOOMED:  # there a person closes what stands left and right of the notebook
            course.page.keyboard.press("Control+b")
            course.page.keyboard.press("Control+j")
            course.page.wait_for_timeout(500)
        scroll_to(course.page.locator(KILLED).first)
        keep(course.page, f"03_lesson_{theme.lower()}_{name}")
        seen[name] = troubles(course.page)
    course.resize(PHONE)
    course.page.goto(address(course.running, f"/notebooks/{lesson.as_posix()}"))
    course.page.locator(".jp-Notebook:visible .jp-OutputArea-output").first.wait_for()
    course.page.wait_for_timeout(2000)
    scroll_to(course.page.locator(KILLED).first)
    keep(course.page, f"03_lesson_{theme.lower()}_phone")
    seen["phone"] = troubles(course.page)
    assert not {name: what for name, what in seen.items() if what}


def test_a_prediction_is_made_and_explained(course: Course, lesson: Path) -> None:
    course.paint("Light")
    page = course.page
    course.open(lesson.as_posix())
    ask = cell(page, 'predict("?", about="sleep-in-handler")')
    run_cell(cell(page, "from autograder import predict"))
    run_cell(ask, source='predict("A", about="sleep-in-handler")')
    keep(page, "03_prediction")
    why = cell(page, 'predict(about="sleep-in-handler")')
    run_cell(why)
    scroll_to(why.locator(".jp-OutputArea-output"))
    keep(page, "03_prediction_explained")
    said = why.locator(".jp-OutputArea-output").inner_text()
    assert "\N{HEAVY CHECK MARK}" in said  # a sign and a word, not a colour
    assert "right" in said
    assert "your guess" in said.lower()


def test_a_lab_fails_with_its_picture_and_passes_when_it_is_mended(course: Course) -> None:
    page = course.page
    course.show_all_cells()
    course.fill("03_gateway", "right_measure_in_a_thread", "wrong_repair_two_time_sleep")
    course.open("work/03_gateway/03_gateway.ipynb")
    test = cell(page, 'watch(evening, gw.address, "remind")')
    run_all_until(test)
    until_decided(test)
    failure = test.locator(".jp-OutputArea-output", has_text="the loop stood still for")
    failure.first.wait_for()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    scroll_to(test.locator("img").first)
    keep(page, "03_lab_fails")
    assert "4009" in str(test.locator("img").first.get_attribute("alt"))
    assert test.locator("text=Traceback").count() == 0
    assert not troubles(page)

    mended = answers.load(ANSWERS / "03_gateway" / "right_repair_two_asyncio_sleep.py").cells
    run_cell(cell(page, "async def remind"), source=mended["repair_two_remind"])
    run_cell(test)
    until_decided(test)
    expect(test.locator(".jp-OutputArea-output").first).to_contain_text("Right.")
    keep(page, "03_lab_passes")


def run_all_until(test: Locator) -> None:
    """Run All until this test has its output.

    A test before it that leaves its verdict open ends a Run All, and asks for another one.
    """
    page = test.page
    outputs = page.locator(".jp-Notebook:visible .jp-OutputArea-output")
    here = test.locator(".jp-OutputArea-output")
    for _ in range(3):
        press(page, "Run", "Run All Cells")
        page.wait_for_timeout(1000)  # until the outputs of the last time are gone
        # 7 s on a quiet machine; this whole test took 32 to 70 beside two other files of tests
        here.or_(outputs.filter(has_text=AGAIN)).first.wait_for(timeout=90_000)
        if here.count():
            return
    raise AssertionError("a test of this lab left its verdict open three times")


def until_decided(test: Locator) -> None:
    """Run a test cell again while its verdict asks for that, as it does on a busy machine."""
    for _ in range(3):
        # A cell has its number before its output is in the page.
        test.locator(".jp-OutputArea-output").first.wait_for()
        if not test.get_by_text(AGAIN).count():
            return
        run_cell(test)


def test_validate_checks_a_lab_as_the_examiner_does_and_the_page_stays_alive(
    course: Course,
) -> None:
    page = course.page
    solved = ("unawaited_plain_awaits", "step_through_await", "round_robin_list")
    solved = tuple(f"right_{name}" for name in solved)
    course.fill("01_coroutines", *solved, "wrong_timers_sums_the_sleeps")
    course.open("work/01_coroutines/01_coroutines.ipynb")
    page.locator("jp-button.validate-button:visible").click()
    page.get_by_text("Validating...").first.wait_for()
    began = time.monotonic()
    course.running.ask("/api/status")
    assert time.monotonic() - began < 1  # nbgrader's own answers nobody before the last cell ended
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for(timeout=30_000)
    keep(page, "01_validate_fails")
    said = dialog.inner_text()
    assert "timers_hidden: 0 of 11 points" in said
    assert "round_robin" not in said
    page.keyboard.press("Escape")

    course.open("work/01_coroutines/01_coroutines_lesson.ipynb")
    page.locator("jp-button.validate-button:visible").click()
    dialog.wait_for(timeout=30_000)
    keep(page, "01_validate_lesson")
    assert "is the lesson. Check the lab" in dialog.inner_text()
    page.keyboard.press("Escape")


def test_formgraders_pages_show_our_unit_and_its_pictures(course: Course) -> None:
    page, unit = course.page, "01_coroutines"
    lab_, handed_in = (
        course.fill(unit, "wrong_round_robin_swallows_exceptions"),
        (course.root / "submitted" / "ada" / unit / f"{unit}.ipynb"),
    )
    handed_in.parent.mkdir(parents=True)
    handed_in.write_bytes((course.root / lab_).read_bytes())
    page.goto(address(course.running, "/formgrader/manage_assignments"))
    page.get_by_role("link", name=unit).first.wait_for(timeout=30_000)
    keep(page, "formgrader_assignments")
    listed = page.locator("td.name").all_inner_texts()
    assert unit in listed
    assert "toolbox" not in listed  # no lab is there
    row = page.locator("tr", has=page.get_by_role("link", name=unit, exact=True))
    row.locator("td.assign a").click()
    page.locator(".modal.in", has_text="Success").wait_for(timeout=30_000)
    page.goto(address(course.running, f"/formgrader/manage_submissions/{unit}"))
    page.locator("td.autograde a").first.click()
    page.locator(".modal.in", has_text="Success").wait_for(timeout=60_000)
    keep(page, "formgrader_autograded")
    page.keyboard.press("Escape")
    page.goto(address(course.running, f"/formgrader/gradebook/{unit}/{unit}"))
    page.get_by_text("Submission #1").first.wait_for(timeout=30_000)
    keep(page, "formgrader_gradebook")
    page.get_by_text("Submission #1").first.click()
    page.locator(".nbgrader_cell").first.wait_for(timeout=30_000)
    failed = page.get_by_text("Failed:").first
    failed.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    keep(page, "formgrader_submission")
    assert all(page.locator("img:not(header img)").evaluate_all("all => all.map(one => one.alt)"))
    assert page.evaluate("document.documentElement.scrollWidth") <= WINDOW[0]


def test_a_restarted_kernel_finds_the_servers_again(course: Course) -> None:
    page = course.page
    path = course.write(f"{TRY}/one.ipynb", START, LOOK_AT_PAGE)
    course.open(path)
    press(page, "Run", "Run All Cells")
    both = cell(page, "await watch(visit)")
    both.get_by_text(VISITED).first.wait_for(timeout=30_000)
    page.locator('jp-button[data-command="notebook:restart-kernel"]:visible').click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=30_000)
    press(page, "Run", "Run All Cells")
    page.locator(".jp-InputPrompt", has_text="[2]:").wait_for(timeout=30_000)
    expect(both.locator(".jp-OutputArea")).to_contain_text(VISITED)
    keep(page, "kernel_restarted")


def test_stop_ends_a_blocked_cell_and_the_next_one_works(course: Course) -> None:
    page = course.page
    hold = "async def hold():\n    time.sleep(30)\n\nreport = await watch(hold, timeout=60)"
    path = course.write(f"{TRY}/stopped.ipynb", START, hold, "print(6 * 7)", LOOK_AT_PAGE)
    course.open(path)
    run_cell(cell(page, "import time"))
    blocked = cell(page, "time.sleep(30)")
    blocked.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    page.wait_for_timeout(2000)
    page.locator('jp-button[data-command="notebook:interrupt-kernel"]:visible').click()
    began = time.monotonic()
    blocked.get_by_text("`hold` was stopped.").first.wait_for(timeout=10_000)
    run_cell(cell(page, "print(6 * 7)"), seconds=10)
    assert time.monotonic() - began < 10  # of the 30 s that it sleeps
    expect(cell(page, "print(6 * 7)")).to_contain_text("42")
    again = cell(page, "await watch(visit)")
    run_cell(again)
    keep(page, "stopped")
    expect(again.locator(".jp-OutputArea")).to_contain_text(VISITED)


def test_two_notebooks_share_the_servers_and_do_not_disturb_each_other(course: Course) -> None:
    page = course.page
    for name in ("left", "right"):
        course.write(f"{TRY}/{name}.ipynb", START, LOOK_AT_PAGE)
    course.open(f"{TRY}/left.ipynb")
    course.until_remembered("left.ipynb")
    course.open(f"{TRY}/right.ipynb", alone=False)
    for name in ("left", "right"):
        page.get_by_role("tab", name=f"{name}.ipynb").click()
        press(page, "Run", "Run All Cells")
    cell(page, "await watch(visit)").get_by_text(VISITED).first.wait_for(timeout=30_000)
    keep(page, "two_notebooks")
    page.get_by_role("tab", name="left.ipynb").click()
    cell(page, "await watch(visit)").get_by_text(VISITED).first.wait_for(timeout=30_000)


def test_a_page_that_is_loaded_again_in_mid_run_keeps_what_was_computed(course: Course) -> None:
    """What a cell prints while the page is away is lost, as in every Jupyter; its work is not."""
    page = course.page
    slow = "for second in range(5):\n    print(second)\n    time.sleep(1)\nsecond"
    course.open(course.write(f"{TRY}/again.ipynb", START, slow, "later = 6 * 7", "print(later)"))
    for text in ("import time", "for second", "later = 6"):
        cell(page, text).locator(".cm-content").click()
        page.keyboard.press("Control+Enter")
    page.wait_for_timeout(2000)
    page.keyboard.press("Control+s")
    page.wait_for_timeout(500)
    course.open(f"{TRY}/again.ipynb", alone=False)
    run_cell(cell(page, "print(later)"))
    expect(cell(page, "print(later)").locator(".jp-OutputArea")).to_contain_text("42")
    keep(page, "loaded_again")


def test_a_link_of_the_toolbox_leads_to_the_cell_of_a_lesson(course: Course) -> None:
    page = course.page
    course.open("work/toolbox/misconceptions.ipynb")
    link = page.locator('a[href*="05_threads_lesson"]').first
    wanted = (link.get_attribute("href") or "").partition("#cell-id=")[2]
    lesson = Unit(course.root, "05_threads").work_lesson
    cells = json.loads(lesson.read_text("utf-8"))["cells"]
    line = next("".join(one["source"]) for one in cells if one["id"] == wanted).splitlines()[0]
    there = page.locator(".jp-Notebook:visible .jp-CodeCell", has_text=line).first
    for _ in range(2):  # a busy JupyterLab opens the lesson at its top: the page says what to do
        page.get_by_role("tab", name="misconceptions.ipynb").click()
        link.click()
        there.wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        y = (there.bounding_box() or {"y": -1.0})["y"]
        if 0 <= y < WINDOW[1]:
            break
    keep(page, "toolbox_link")
    assert 0 <= y < WINDOW[1]


VISITED = "`visit` ran for"
START = """\
import asyncio
import time
import aiohttp
from autograder import watch, world

servers = await world.start("http")"""
LOOK_AT_PAGE = """\
async def visit():
    async with aiohttp.ClientSession() as session, session.get(servers.http.url) as page:
        return page.status

print((await watch(visit)).sentence)"""
