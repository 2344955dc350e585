"""Kernels and tabs: restarted, stopped, two at once, loaded again, reached by a link."""

from __future__ import annotations

import json
import time

from browser_course import LOG, TRY, Course
from browsing import PATIENCE, WINDOW, cell, keep, press, run_cell
from playwright.sync_api import expect

from autograder.course.unit import Unit

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


def test_a_restarted_kernel_and_a_second_notebook_find_the_servers(course: Course) -> None:
    page = course.page
    for name in ("left", "right"):
        course.write(f"{TRY}/{name}.ipynb", START, LOOK_AT_PAGE)
    course.open(f"{TRY}/left.ipynb")
    press(page, "Run", "Run All Cells")
    both = cell(page, "await watch(visit)")
    both.get_by_text(VISITED).first.wait_for(timeout=60_000)
    page.locator('jp-button[data-command="notebook:restart-kernel"]:visible').click()
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    press(page, "Run", "Run All Cells")
    page.locator(".jp-InputPrompt", has_text="[2]:").wait_for(timeout=60_000)
    expect(both.locator(".jp-OutputArea")).to_contain_text(VISITED)
    keep(page, "kernel_restarted")

    course.open(f"{TRY}/right.ipynb", alone=False)
    for name in ("left", "right"):  # at the same time
        page.get_by_role("tab", name=f"{name}.ipynb").click()
        press(page, "Run", "Run All Cells")
    cell(page, "await watch(visit)").get_by_text(VISITED).first.wait_for(timeout=60_000)
    keep(page, "two_notebooks")
    page.get_by_role("tab", name="left.ipynb").click()
    page.locator(".jp-InputPrompt:visible", has_text="[4]:").wait_for(timeout=60_000)
    expect(cell(page, "await watch(visit)").locator(".jp-OutputArea")).to_contain_text(VISITED)


def test_stop_ends_a_blocked_cell_and_the_next_one_works(course: Course) -> None:
    page = course.page
    held = course.root / TRY / "held"
    hold = (
        f"async def hold():\n    open({str(held)!r}, 'w').close()\n    time.sleep(90)\n\n"
        "report = await watch(hold, timeout=120)"
    )
    path = course.write(f"{TRY}/stopped.ipynb", START, hold, "print(6 * 7)", LOOK_AT_PAGE)
    course.open(path)
    run_cell(cell(page, "import time"))
    blocked = cell(page, "time.sleep(90)")
    blocked.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    for _ in range(PATIENCE // 200):  # until it holds its loop
        page.wait_for_timeout(200)
        if held.exists():
            break
    page.wait_for_timeout(1000)
    page.locator('jp-button[data-command="notebook:interrupt-kernel"]:visible').click()
    began = time.monotonic()
    blocked.get_by_text("`hold` was stopped.").first.wait_for()
    run_cell(cell(page, "print(6 * 7)"))
    assert time.monotonic() - began < 60  # of the 90 s that it sleeps
    expect(cell(page, "print(6 * 7)")).to_contain_text("42")
    again = cell(page, "await watch(visit)")
    run_cell(again)
    keep(page, "stopped")
    expect(again.locator(".jp-OutputArea")).to_contain_text(VISITED)


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
    course.load(f"{TRY}/again.ipynb")
    assert not page.locator(LOG).is_visible()  # it was closed before
    run_cell(cell(page, "print(later)"))
    expect(cell(page, "print(later)").locator(".jp-OutputArea")).to_contain_text("42")
    keep(page, "loaded_again")


def test_a_link_of_the_toolbox_leads_to_the_cell_of_a_lesson(course: Course) -> None:
    page = course.page
    course.open_drawn("work/toolbox/misconceptions.ipynb")
    link = page.locator('a[href*="05_threads_lesson"]').first
    wanted = (link.get_attribute("href") or "").partition("#cell-id=")[2]
    lesson = Unit(course.root, "05_threads").work_lesson
    cells = json.loads(lesson.read_text("utf-8"))["cells"]
    line = next("".join(one["source"]) for one in cells if one["id"] == wanted).splitlines()[0]
    there = page.locator(".jp-Notebook:visible .jp-CodeCell", has_text=line).first
    for _ in range(4):  # a busy JupyterLab opens the lesson at its top: the page says what to do
        page.get_by_role("tab", name="misconceptions.ipynb").click()
        link.click()
        there.wait_for(timeout=60_000)
        page.wait_for_timeout(2000)
        y = (there.bounding_box() or {"y": -1.0})["y"]
        if 0 <= y < WINDOW[1]:
            break
    keep(page, "toolbox_link")
    assert 0 <= y < WINDOW[1]
