"""The lesson of unit 03 after Run All: it can be read in both themes, and it asks for a guess."""

from __future__ import annotations

from pathlib import Path

from browser_course import HEART, LOG, Course, paint
from browsing import WINDOW, address, cell, keep, run_cell, scroll_to, troubles
from playwright.sync_api import Page

PHONE, ZOOMED = (390, 844), (640, 450)  # CSS pixels; 200 % of 1280 x 900 leaves half of each
KILLED = '.jp-OutputArea-output:has(img[alt*="4009"])'  # the picture of a bot that lost its line


def test_every_output_of_the_lesson_can_be_read(course: Course, lesson: Path) -> None:
    """In both themes, at 1280 pixels and at 200 % of them."""
    page = course.page
    course.open_drawn(lesson.as_posix())
    if not page.locator(LOG).is_visible():
        page.locator(HEART).click()
    seen: dict[str, dict[str, list[str]]] = {}
    look(page, "light_1280", seen)
    paint(page, "Dark")
    look(page, "dark_1280", seen)
    course.resize(ZOOMED)
    toggle_sides(page)  # a person closes what stands left and right of the notebook
    look(page, "dark_200_percent", seen)
    paint(page, "Light")
    look(page, "light_200_percent", seen)
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
