"""The first minutes: the start page, its links, and the lesson that brings the live log along."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

from browser_course import HEART, LOG, Course
from browsing import keep, run_all, scroll_to
from playwright.sync_api import expect

LESSON = "work/03_gateway/03_gateway_lesson.ipynb"


def test_the_start_page_opens_by_itself_and_asks_for_nothing(course: Course) -> None:
    page = course.page
    page.goto(course.running.url)
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    expect(page.locator(".jp-Notebook:visible h1").first).to_have_text(re.compile("^00"))
    page.wait_for_timeout(1000)
    keep(page, "00_start_page")
    assert page.get_by_text("Would you like to get notified").count() == 0
    assert page.locator(".jp-Dialog").count() == 0
    assert page.get_by_text("Create Assignment").count() == 0  # a panel for instructors


def test_the_lesson_of_unit_03_opens_with_the_log_at_its_right_once(course: Course) -> None:
    page = course.page
    course.open(LESSON)
    course.expect_log("No gateway is running.")
    course.expect_log("Run a cell that starts a gateway")
    panel = page.locator(LOG).bounding_box()
    lesson = page.locator(".jp-Notebook:visible").bounding_box()
    assert panel is not None
    assert lesson is not None
    assert lesson["width"] > 500
    assert panel["x"] >= lesson["x"] + lesson["width"]
    # Who closes it has closed it, as the next test finds.
    page.locator(HEART).click()
    course.await_layout(lambda layout: layout["right"]["collapsed"])


def test_the_next_step_opens_in_a_tab_and_one_click_saves_work(course: Course) -> None:
    page = course.page
    start = course.write(
        "work/00_start_here/short.ipynb",
        "from autograder import progress\nprogress()",
        "from autograder.course.learner.backup import save\nsave()",
    )
    course.open(start)
    run_all(page, course.root / start)
    with page.expect_download() as downloading:
        page.get_by_role("link", name="Download unblocked-").click()
    with zipfile.ZipFile(downloading.value.path()) as saved:
        assert "00_start_here/00_start_here.ipynb" in saved.namelist()
    page.get_by_text("All units").click()
    page.get_by_role("link", name="03_gateway").click()
    page.get_by_role("heading", name="Stop a bot's heart").wait_for(timeout=60_000)
    assert page.get_by_role("tab", name="03_gateway_lesson.ipynb").count() == 1
    assert not page.locator(LOG).is_visible()


def test_the_lesson_of_unit_03_runs_to_its_end_and_shows_its_pictures(
    course: Course, lesson: Path
) -> None:
    picture = course.page.locator(".jp-OutputArea img").first
    scroll_to(picture)
    assert picture.evaluate("image => image.complete && image.naturalWidth > 300")
    assert picture.get_attribute("alt")
    assert not course.outside
