"""The lesson of unit 03: it runs to its end, can be read in both themes, and asks for a guess."""

from __future__ import annotations

from pathlib import Path

import pytest
from browser_course import HEART, LOG, Course, paint
from browsing import WINDOW, address, cell, keep, run_all, run_cell, scroll_to, troubles
from playwright.sync_api import Page

from autograder.course.unit import Unit

PHONE, ZOOMED = (390, 844), (640, 450)  # CSS pixels; 200 % of 1280 x 900 leaves half of each
KILLED = '.jp-OutputArea-output:has(img[alt*="4009"])'  # the picture of a bot that lost its line


@pytest.fixture(scope="module")
def lesson(course: Course) -> Path:
    """The lesson of unit 03 after Run All, saved."""
    path = Unit(course.root, "03_gateway").work_lesson
    course.open(path.relative_to(course.root).as_posix())
    cells = run_all(course.page, path)
    errors = [output for cell in cells for output in cell["outputs"] if "ename" in output]
    assert not errors
    return path.relative_to(course.root)


def test_the_lesson_of_unit_03_runs_to_its_end_and_shows_its_pictures(
    course: Course, lesson: Path
) -> None:
    picture = course.page.locator(".jp-OutputArea img").first
    scroll_to(picture)
    assert picture.evaluate("image => image.complete && image.naturalWidth > 300")
    assert picture.get_attribute("alt")
    assert not course.outside


def test_every_output_of_the_lesson_can_be_read(course: Course, lesson: Path) -> None:
    """In both themes, at 1280 pixels and at 200 % of them."""
    page = course.page
    log = page.locator(LOG)
    shown = log.is_visible()
    course.await_layout(lambda layout: layout["right"]["collapsed"] != shown)
    course.open_drawn(lesson.as_posix())
    assert log.is_visible() == shown  # who closed it has closed it for the next page as well
    if not shown:
        page.locator(HEART).click()
    seen: dict[str, dict[str, list[str]]] = {}
    for theme in ("Dark", "Light"):
        paint(page, theme)
        look(page, f"{theme.lower()}_1280", seen)
        course.resize(ZOOMED)
        # There a person closes what stands left and right of the notebook.
        toggle_sides(page)
        look(page, f"{theme.lower()}_200_percent", seen)
        toggle_sides(page)
        course.resize(WINDOW)
    page.locator(HEART).click()
    assert not {name: what for name, what in seen.items() if what}


def test_every_output_of_the_lesson_can_be_read_on_a_phone(course: Course, lesson: Path) -> None:
    """In both themes, in Notebook 7, where JupyterLab's choice of a theme holds as well."""
    paint(course.page, "Dark")
    page = course.page.context.new_page()
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    page.goto(address(course.running, f"/notebooks/{lesson.as_posix()}"))
    page.locator('body[data-jp-theme-name="JupyterLab Dark"]').wait_for(state="attached")
    page.locator(".jp-Notebook:visible .jp-OutputArea-output").first.wait_for()
    page.wait_for_timeout(2000)
    seen: dict[str, dict[str, list[str]]] = {}
    look(page, "dark_phone", seen)
    paint(page, "Light")
    look(page, "light_phone", seen)
    page.close()
    paint(course.page, "Light")
    assert not {name: what for name, what in seen.items() if what}


def toggle_sides(page: Page) -> None:
    page.keyboard.press("Control+b")
    page.keyboard.press("Control+j")
    page.wait_for_timeout(500)


def look(page: Page, name: str, seen: dict[str, dict[str, list[str]]]) -> None:
    scroll_to(page.locator(KILLED).first)
    keep(page, f"03_lesson_{name}")
    seen[name] = troubles(page)


def test_a_prediction_is_made_and_explained(course: Course, lesson: Path) -> None:
    page = course.page
    course.open(lesson.as_posix(), alone=False)
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
