"""A lab in JupyterLab: its tests fail and pass, Validate checks it, Formgrader collects it."""

from __future__ import annotations

import re
import time
from pathlib import Path

from browser_course import Course
from browsing import WINDOW, address, cell, keep, press, run_cell, scroll_to, troubles
from playwright.sync_api import Locator, expect

from autograder.course.author import answers

ANSWERS = Path(__file__).parents[2] / "answers"
AGAIN = re.compile("run (it|the cell) again", re.IGNORECASE)  # an open verdict


def test_a_lab_fails_with_its_picture_and_passes_when_it_is_mended(course: Course) -> None:
    page = course.page
    course.fill("03_gateway", "right_measure_in_a_thread", "wrong_repair_two_time_sleep")
    course.open_drawn("work/03_gateway/03_gateway.ipynb")
    test = cell(page, 'watch(evening, gw.address, "remind")')
    run_all_until(test)
    until_decided(test)
    failure = test.locator(".jp-OutputArea-output", has_text="the loop was held for")
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
    for seconds in (1, 2, 3):  # from one try to the next: a busy machine needs a moment
        # A cell has its number before its output is in the page.
        test.locator(".jp-OutputArea-output").first.wait_for()
        if not test.get_by_text(AGAIN).count():
            return
        test.page.wait_for_timeout(seconds * 1000)
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
    answered = time.monotonic()
    dialog = page.locator(".jp-Dialog")
    dialog.wait_for(timeout=90_000)
    # nbgrader's own answers nobody before the last cell ended
    assert answered - began < (time.monotonic() - began) / 2
    keep(page, "01_validate_fails")
    said = dialog.inner_text()
    assert "timers_hidden: 0 of 11 points" in said
    assert "round_robin" not in said
    page.keyboard.press("Escape")

    # Its place says that it is a lesson: to draw all cells of the real one takes 3 s of CPU.
    course.open(course.write("work/01_coroutines/01_coroutines_lesson.ipynb", "print(1)"))
    page.locator("jp-button.validate-button:visible").click()
    dialog.wait_for(timeout=90_000)
    keep(page, "01_validate_lesson")
    assert "is the lesson. Check the lab" in dialog.inner_text()
    page.keyboard.press("Escape")


def test_formgraders_pages_show_our_unit_and_its_pictures(course: Course) -> None:
    page, unit = course.page.context.new_page(), "01_coroutines"
    lab_, handed_in = (
        course.fill(unit, "wrong_round_robin_swallows_exceptions"),
        (course.root / "submitted" / "ada" / unit / f"{unit}.ipynb"),
    )
    handed_in.parent.mkdir(parents=True)
    handed_in.write_bytes((course.root / lab_).read_bytes())
    page.goto(address(course.running, "/formgrader/manage_assignments"))
    page.get_by_role("link", name=unit).first.wait_for(timeout=60_000)
    keep(page, "formgrader_assignments")
    listed = page.locator("td.name").all_inner_texts()
    assert unit in listed
    assert "toolbox" not in listed  # no lab is there
    row = page.locator("tr", has=page.get_by_role("link", name=unit, exact=True))
    row.locator("td.assign a").click()
    page.locator(".modal.in", has_text="Success").wait_for(timeout=60_000)
    page.goto(address(course.running, f"/formgrader/manage_submissions/{unit}"))
    page.locator("td.autograde a").first.click()
    page.locator(".modal.in", has_text="Success").wait_for(timeout=120_000)  # it grades the lab
    keep(page, "formgrader_autograded")
    page.keyboard.press("Escape")
    page.goto(address(course.running, f"/formgrader/gradebook/{unit}/{unit}"))
    page.get_by_text("Submission #1").first.wait_for(timeout=60_000)
    keep(page, "formgrader_gradebook")
    page.get_by_text("Submission #1").first.click()
    page.locator(".nbgrader_cell").first.wait_for(timeout=60_000)
    failed = page.get_by_text("Failed:").first
    failed.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    keep(page, "formgrader_submission")
    assert all(page.locator("img:not(header img)").evaluate_all("all => all.map(one => one.alt)"))
    assert page.evaluate("document.documentElement.scrollWidth") <= WINDOW[0]
