"""The course that all tests of this folder share, and the window that each of them begins with."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_course import Course, opened_course
from browsing import WINDOW, keep, run_all
from running_kernel import without_words

from autograder.course.unit import Unit
from autograder.environment import contributor_tools, finding


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; JupyterLab and Chromium need about 10 s to start."""
    missing = contributor_tools.browser()
    for item in items:
        if item.path.parent == Path(__file__).parent:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.timeout(240))
            item.add_marker(pytest.mark.skipif(missing.missing, reason=finding.reason(missing)))


@pytest.fixture(scope="package")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    with opened_course(tmp_path_factory.mktemp("home")) as opened:
        yield opened


@pytest.fixture(scope="package")
def lesson(course: Course) -> Path:
    """The lesson of unit 03 after Run All, saved; it is in front if this test asks for it first."""
    path = Unit(course.root, "03_gateway").work_lesson
    course.open(path.relative_to(course.root).as_posix(), alone=False)
    cells = run_all(course.page, path)
    outputs = [output for cell in cells for output in cell["outputs"]]
    assert not [output for output in outputs if "ename" in output]
    assert not [picture for output in outputs for picture in without_words(output)]
    return path.relative_to(course.root)


@pytest.fixture(autouse=True)
def window(course: Course, request: pytest.FixtureRequest) -> Iterator[None]:
    """Every test begins with one window of the usual size, and keeps what it saw when it failed."""
    course.resize(WINDOW)
    failed = request.session.testsfailed
    yield
    if request.session.testsfailed > failed:
        keep(course.page.context.pages[-1], f"failed_{request.node.name}")
        print(course.page.locator(".jp-Notebook:visible .jp-CodeCell").all_inner_texts())
    for other in course.page.context.pages[1:]:
        other.close()
    course.page.keyboard.press("Escape")
