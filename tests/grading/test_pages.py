"""What instructors and learners see of a graded submission: all of the verdict, and no script.

One hostile notebook is graded, and both pages that nbgrader makes of it, the learner's feedback and
Formgrader's, are read as a browser would read them.
"""

from __future__ import annotations

import base64
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import toy_unit as toy

from autograder.grading import commands
from autograder.grading.nbgrader.course import Course
from autograder.grading.nbgrader.logged import logged
from autograder.grading.submission import sanitize

RUNS = "alert(7131)"  # what each attack tries to have run
IMAGE = f"<img src=x onerror={RUNS}>"
PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n").decode()
SHOWN = f"""
from IPython.display import display, HTML, SVG, Javascript, Markdown, Latex

async def roll(spec):
    raw = lambda data, metadata=None: display(data, raw=True, metadata=metadata or {{}})
    print("<script>{RUNS}</script> \\x1b]8;;javascript:{RUNS}\\x07link\\x1b]8;;\\x07")
    display(HTML("<b>kept</b>{IMAGE}<script>{RUNS}</script><iframe srcdoc='x'></iframe>"))
    display(HTML("<a href='javascript:{RUNS}'>a</a><form action=/x><button>b</button></form>"))
    display(HTML("<p style='position:fixed' class='navbar-fixed-top' onclick={RUNS}>c</p></div>"))
    display(HTML("<svg onload={RUNS}><math href='javascript:{RUNS}'>"))
    display(SVG("<svg xmlns='http://www.w3.org/2000/svg'><script>{RUNS}</script></svg>"))
    display(Javascript("{RUNS}"))
    display(Markdown("{IMAGE} [m](javascript:{RUNS})"))
    display(Latex("$\\\\href{{javascript:{RUNS}}}{{x}}$"))
    raw({{"application/vnd.jupyter.widget-view+json": {{"model_id": "</script><script>{RUNS}"}}}})
    raw({{"image/png": '"><script>{RUNS}</script>'}})
    size = {{"width": "1 onerror={RUNS}", "alt": '"{IMAGE}'}}
    raw({{"image/png": "{PIXEL}"}}, {{"image/png": size}})
    raw({{"text/html": "{IMAGE}"}}, {{"text/html": {{"isolated": True}}}})
    raw({{"text/vnd.mermaid": "graph {IMAGE}"}})
    raw({{'"><script>{RUNS}</script>': "{RUNS}"}})
    raise ValueError("{IMAGE}")
"""


def hostile() -> dict[str, Any]:
    """A notebook that attacks every place of a page."""
    content = toy.submission(roll=SHOWN)
    content["metadata"] = {
        "title": f"</title><script>{RUNS}</script>",
        "kernelspec": {"name": "python3", "display_name": IMAGE, "language": IMAGE},
        "language_info": {"name": "python", "pygments_lexer": f'"><script>{RUNS}</script>'},
        "widgets": {
            "application/vnd.jupyter.widget-state+json": {"a": f"</script><script>{RUNS}</script>"}
        },
    }
    for number, text in enumerate(
        (
            f"# {IMAGE}\n<script>{RUNS}</script>\n\n[x](javascript:{RUNS}) ![y](javascript:{RUNS})",
            f"<details open ontoggle={RUNS}><summary>kept</summary>x</details> <b>bold</b>",
            "![gone](attachment:nothing.png)",
            f"```html onload={RUNS}\n<script>{RUNS}</script>\n```\n```mermaid\n{IMAGE}\n```",
            f"![svg](attachment:a.svg) <style>body{{display:none}}</style> {IMAGE}",
        )
    ):
        cell = toy.cell("markdown", text, None)
        cell["id"] = f"text{number}"
        content["cells"].insert(0, cell)
    content["cells"][0]["attachments"] = {"a.svg": {"image/svg+xml": f"<svg onload={RUNS}>"}}
    raw = toy.cell("raw", f"<script>{RUNS}</script>{IMAGE}", None)
    raw["metadata"] = {"raw_mimetype": "text/html", "format": "text/html"}
    content["cells"].insert(0, raw)
    code = toy.cell("code", "%%html\n" + IMAGE, None)
    code["metadata"] = {
        "tags": [f'"><script>{RUNS}</script>'],
        "alt": f'"{IMAGE}',
        "magics_language": f'"><script>{RUNS}</script>',
    }
    content["cells"].insert(0, code)
    return content


class Page(HTMLParser):
    """What a browser would find in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attributes}))

    def faults(self) -> list[str]:
        """Everything that would run, fetch from elsewhere, or lie over the page."""
        found = []
        for tag, attributes in self.tags:
            if tag in ("iframe", "object", "embed", "form", "svg", "math", "base"):
                found.append(tag)
            for name, value in attributes.items():
                if name.startswith("on") or name in ("srcdoc", "formaction"):
                    found.append(f"{tag} {name}={value}")
                if name in ("src", "href") and re.match(r"\s*(javascript|vbscript):", value, re.I):
                    found.append(f"{tag} {name}={value}")
                if name == "class" and "navbar-fixed" in value and RUNS in str(attributes):
                    found.append(f"{tag} class={value}")
        return found


@pytest.fixture(scope="module")
def graded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course with the hostile notebook, and two whose faults are a hidden and a visible one."""
    root = toy.course(tmp_path_factory.mktemp("pages"))
    lab = toy.notebook()
    test = toy.cell_of(lab, "double_visible")
    test["source"] = (
        "report = await watch(double, 21, timeout=2)\nreport.returned(42)\n"
        "### BEGIN HIDDEN TESTS\nreport = await watch(double, 4711, timeout=2)\n"
        "report.returned(9422)\n### END HIDDEN TESTS\nassert report.seconds < 5"
    )
    toy.write(root / "source" / toy.UNIT / f"{toy.UNIT}.ipynb", lab)
    path = toy.submit(root, "mallory", hostile())
    path.with_name("page.html").write_text(f"<script>{RUNS}</script>")
    path.with_name("picture.SVG").write_text(f"<svg onload={RUNS}>")
    path.with_name("data.csv").write_text("a,b\n")
    spying = (
        "async def double(number):\n    print('the hidden input was', number)\n"
        "    if number > 100:\n        raise ValueError(f'the hidden input was {number}')\n"
        "    return 2 * number"
    )
    toy.submit(root, "spy", toy.submission(double=spying))
    toy.submit(root, "plain", toy.submission(double="async def double(number): return 'x'"))
    assert commands.grade(toy.UNIT, root=root) == 0
    return root


@pytest.fixture(scope="module")
def page_of_late(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The feedback of a bot that answers too late."""
    root = toy.course(tmp_path_factory.mktemp("late"), bot=True)
    # The gateway may get no CPU for 1 s of it, and misses two heartbeats in the rest.
    blocking = "import time\n\nasync def reply_to(text):\n    time.sleep(1.6)\n    return text"
    toy.submit(root, "late", toy.submission(bot=blocking))
    assert commands.grade(toy.UNIT, root=root) == 0
    return feedback(root, "late")


def feedback(root: Path, student: str, settings: str = "") -> str:
    """The page that nbgrader's generate_feedback makes."""
    from nbgrader.converters import GenerateFeedback

    course = Course(root)
    if settings:
        course.settings.Examine.show_hidden = True
    course.directory.assignment_id, course.directory.student_id = toy.UNIT, student
    with logged() as (log, _):
        GenerateFeedback(
            coursedir=course.directory, config=course.settings, log=log, force=True
        ).start()
    return (root / "feedback" / student / toy.UNIT / f"{toy.UNIT}.html").read_text()


def formgrader(root: Path, student: str) -> str:
    """The page of a submission, made as Formgrader makes it."""
    from nbconvert.exporters import HTMLExporter
    from nbgrader.server_extensions.formgrader import handlers

    settings = Course(root).settings
    settings.HTMLExporter.template_name = "formgrade"
    settings.HTMLExporter.extra_template_basedirs = [handlers.template_path]
    path = root / "autograded" / student / toy.UNIT / f"{toy.UNIT}.ipynb"
    about = {"notebook_id": toy.UNIT, "student": student, "index": 0, "total": 1, "base_url": ""}
    page, _ = HTMLExporter(config=settings).from_filename(str(path), resources=about)
    return str(page)


@pytest.mark.slow
@pytest.mark.parametrize("make", [feedback, formgrader])
def test_nothing_that_a_learner_hands_in_runs_on_a_page(make: Any, graded: Path) -> None:
    page, other = make(graded, "mallory"), make(graded, "plain")
    assert Page(page).faults() == Page(other).faults()  # Formgrader has two handlers of its own
    assert RUNS not in str(Page(page).faults())
    scripts = [len(re.findall(r"<script", text)) for text in (page, other)]
    assert scripts[0] == scripts[1], "a script more than in an honest page"
    assert "<b>kept</b>" in page
    assert "<summary>kept</summary>" in page


def test_the_graded_notebook_holds_nothing_that_runs(graded: Path) -> None:
    """It is what JupyterLab opens from Formgrader's list."""
    folder = graded / "autograded" / "mallory" / toy.UNIT
    content = json.loads((folder / f"{toy.UNIT}.ipynb").read_text())
    assert RUNS not in json.dumps(content["metadata"])
    for cell in content["cells"]:
        assert RUNS not in json.dumps(cell["metadata"])
        for output in cell.get("outputs", []):
            assert set(output.get("data", {})) <= {*sanitize._TEXTS, *sanitize._PICTURES}
            assert RUNS not in json.dumps(output.get("metadata", {}))
            assert "onerror" not in output.get("data", {}).get("text/html", "")


def test_files_that_a_browser_would_run_are_renamed(graded: Path) -> None:
    names = {path.name for path in (graded / "autograded" / "mallory" / toy.UNIT).iterdir()}
    assert {"page.html.txt", "picture.SVG.txt", "data.csv"} <= names
    assert not {"page.html", "picture.SVG"} & names


@pytest.mark.parametrize("name", ["<img src=x onerror=a()>", "a&b", 'a"b', "a\nb", "a`b", "a'b"])
def test_a_student_whose_name_is_markup_is_not_graded(
    name: str, graded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = graded / "submitted" / name / toy.UNIT
    folder.mkdir(parents=True)
    toy.write(folder / f"{toy.UNIT}.ipynb", toy.submission())
    try:
        commands.grade(toy.UNIT, root=graded, student=name, as_json=True)
    finally:
        (folder / f"{toy.UNIT}.ipynb").unlink()
        folder.rmdir()
        folder.parent.rmdir()
    (one,) = json.loads(capsys.readouterr().out)["submissions"]
    assert one["status"] == "failed"
    assert "would write into its pages as markup" in one["message"]
    with Course(graded).gradebook() as book:
        assert name not in {student.id for student in book.students}


@pytest.mark.slow
def test_feedback_says_the_verdict_the_line_the_limit_and_shows_the_loop(
    page_of_late: str,
) -> None:
    page = page_of_late
    said = re.sub(r"\s+", " ", page)
    assert "Failed: While `reply_to` ran, the loop was held for" in said
    assert re.search(r"Longest block of the loop: \d\.\d\d s at line 4 of cell bot", said)
    assert "(limit 100 ms)" in said
    assert "data:image/png;base64," in page
    assert "<b>Passed.</b>" in page


def test_feedback_holds_the_log_of_the_gateway(page_of_late: str) -> None:
    assert re.search(r"The gateway's log: \d+ events", page_of_late)
    log = page_of_late.partition("The gateway's log")[2]
    assert re.search(r"\d\.\d{3} s {2}killed\s+.*code 4009", log)
    assert "heartbeat" in log


def test_feedback_keeps_hidden_tests_and_what_they_put_in(graded: Path) -> None:
    page = feedback(graded, "spy")
    assert "4711" not in page
    assert "9422" not in page
    assert "A hidden test failed" in page
    assert "(hidden tests)" in page
    assert "4711" in formgrader(graded, "spy"), "the instructor sees everything"


def test_feedback_shows_hidden_tests_where_the_instructor_allows_it(graded: Path) -> None:
    page = feedback(graded, "spy", "show")
    assert "the hidden input was 4711" in page
    assert "9422" in page


def test_a_visible_test_of_a_cell_with_hidden_ones_says_what_failed(graded: Path) -> None:
    page = feedback(graded, "plain")
    assert "42" in page.partition("; expected")[2][:200]
    assert "4711" not in page


def test_markup_made_to_be_slow_is_left_out() -> None:
    assert "left out" in sanitize.clean("<b>" * 200_000)
