"""`lint` refuses what breaks the course's promises, and says where and how to mend it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sample_course

from autograder.course.author import minutes, parse
from autograder.course.author.lint import course, limits
from autograder.course.author.lint.course import EXERCISES, lint

LESSON, LAB, QUESTIONS = sample_course.LESSON, sample_course.LAB, sample_course.QUESTIONS
A_FINDING = re.compile(r"[\w./-]+:\d+: .+\.")


def findings(root: Path) -> list[str]:
    found = lint(root)
    for one in found:
        assert A_FINDING.fullmatch(one), f"not one sentence with file and line: {one}"
    return found


def test_a_good_course_has_no_findings(tmp_path: Path) -> None:
    sample_course.start_page(tmp_path)
    sample_course.write(tmp_path)
    assert findings(tmp_path) == []


def test_the_points_of_the_syllabus() -> None:
    core = sum(sum(points) for points, _ in EXERCISES.values())
    stretch = sum(sum(points) for _, points in EXERCISES.values())
    count = sum(len(core) + len(stretch) for core, stretch in EXERCISES.values())
    assert (len(EXERCISES), count, core, stretch) == (14, 47, 770, 260)


LESSON_FAULTS = {
    "no prediction": (('predict("?", about="sleepy")', "asyncio"), "no prediction"),
    "no explanation": (('predict(about="sleepy")', "asyncio"), "never explained"),
    "prediction after the run": (
        ('predict("?", about="sleepy")\n\n# %% experiment="sleepy"', '# %% experiment="sleepy"'),
        "no prediction",
    ),
    "unknown question": (('predict(about="sleepy")', 'predict(about="slepy")'), "'slepy'"),
    "no experiment": (('# %% experiment="sleepy"', "# %%"), "is about no cell"),
    "a predicted anchor": (
        ('# %% experiment="sleepy"', '# %% anchor="sleepy"'),
        'an anchor has no prediction, and `sleepy` has one; write `# %% experiment="sleepy"`',
    ),
    "a name for two runs": (
        (
            "# %% [markdown]\n# ## In your bot",
            '# %% anchor="sleepy"\n1\n\n# %% [markdown]\n# ## In your bot',
        ),
        "`sleepy` names two runs",
    ),
    "no recall": (('recall("11_catalog")', "asyncio"), "never recalls"),
    "no title": (("# # Judge", "# Judge"), "begin the lesson with a title"),
    "asyncio.run": (("await asyncio.sleep(0)", "asyncio.run(asyncio.sleep(0))"), "`asyncio.run`"),
    "run by another name": (
        ("await asyncio.sleep(0)", "from asyncio import run as go; go(None)"),
        "`asyncio.run`",
    ),
    "nest_asyncio": (
        ("await asyncio.sleep(0)", "import nest_asyncio; nest_asyncio.apply()"),
        "`nest_asyncio.apply`",
    ),
    "far away": (("await asyncio.sleep(0)", 'x = "https://discord.com/api"'), "127.0.0.1"),
    "far away in an f-string": (
        ("await asyncio.sleep(0)", 'p = 1; x = f"ws://gateway.discord.gg:{p}"'),
        "ws://gateway.discord.gg",
    ),
    "far away with a password": (
        ("await asyncio.sleep(0)", 'x = "postgresql://me:pw@db.example.org/x"'),
        "127.0.0.1",
    ),
    "a long cell": (("await asyncio.sleep(0)", "x = 1\n" * 19), "19 lines of code"),
    "an empty cell": (("await asyncio.sleep(0)", "# nothing"), "holds no code"),
    "graded in a lesson": (('# %% experiment="sleepy"', '# %% answer="x"'), "belongs in lab.py"),
    "part missing": (("# ## In practice\n", ""), "*In practice*"),
    "Next missing": (("# ## Next\n", ""), "*Next*"),
}


@pytest.mark.parametrize("fault", LESSON_FAULTS)
def test_a_fault_of_a_lesson_is_found(tmp_path: Path, fault: str) -> None:
    (old, new), said = LESSON_FAULTS[fault]
    assert old in LESSON
    sample_course.start_page(tmp_path)
    sample_course.write(tmp_path, lesson=LESSON.replace(old, new))
    found = findings(tmp_path)
    assert any(said in one and "lesson.py" in one for one in found), found


LAB_FAULTS = {
    "no limit": ((' exercise="judge" limit=0.1', ' exercise="judge"'), "has no limit"),
    "limit not stated": (("for all but 100 ms", "always"), "write `100 ms`"),
    "another limit stated": (("for all but 100 ms", "but 1100 ms"), "write `100 ms`"),
    "no hints": (('# %% [markdown] hints="judge"', "# %% [markdown]"), "0 steps of help"),
    "two hints": (("<details><summary>3</summary>Gaps.</details>", ""), "2 steps of help"),
    "hints for nobody": (('hints="judge"', 'hints="other"'), "belongs to no exercise"),
    "no hidden test": (("### BEGIN HIDDEN TESTS\nasync", "async"), "no hidden test"),
    "no visible test": (
        ('report = await watch(judge, "httpx")\nreport.returned("async").responsive(0.1);',
         '### BEGIN HIDDEN TESTS\nawait watch(judge, "");\n### END HIDDEN TESTS'),
        "no visible test",
    ),
    "points": (("points=20\n# The", "points=21\n# The"), "31, and 30 in the syllabus"),
    "stretch": ((" stretch=true", ""), "the stretch exercises are none, and 20"),
    "an id twice": (('answer="card"', 'answer="judge"'), "there twice"),
    "test of nobody": (('test="card_visible"', 'test="visible"'), "belongs to no exercise"),
    "no docstring": (('    """Returns a card."""\n', ""), "`card` has no docstring"),
    "no solution": (
        ('    ### BEGIN SOLUTION\n    return {"name": "mine"}\n    ### END SOLUTION\n',
         '    return {"name": "mine"}\n'),
        "between `### BEGIN SOLUTION`",
    ),
    "a start that our answer runs into": (
        ('    return {"name": "mine"}\n    ### END SOLUTION\n',
         "    made = {}\n    ### END SOLUTION\n    # The current version:\n    return {}\n"),
        "end the solution with `return` or",
    ),
    "a start somewhere else": (
        ('    return {"name": "mine"}\n    ### END SOLUTION\n',
         "    return {}\n    ### END SOLUTION\n    x = {}\n"
         "    # The current version:\n    return x\n"),
        "end the solution with `return` or",
    ),
    "a bare assert": ((', "judge() changed its mind"', ""), "says nothing when it fails"),
    "a bare end": (("responsive(0.1);", "responsive(0.1)"), "bare expression"),
    "a bare end once the hidden part is cut": (
        ("report.responsive(0.05);", "report.responsive(0.05)"),
        "bare expression",
    ),
    "called directly": (
        ('report = await watch(judge, "httpx")', 'await judge("httpx")'),
        "`judge` is learner code",
    ),
    "called in an argument": (('judge, "httpx"', "judge, judge"), "`judge` is learner"),
    "passed on": (("report = await watch(card)", "f = card\nreport = await watch(f)"), "`card` is"),
    "a variable of the answer": (
        ("report = await watch(card)", "report = await watch(card)\nverdicts = card.__doc__"),
        "`card` is learner code",
    ),
    "around watch": (("report = await watch(card)", 'report = eval("card")'), "`eval`"),
    "never watched": (("report = await watch(card)\n", "report = 1\n"), "never calls `watch`"),
    "a driver that imports outside": (
        ("    import asyncio\n    return [await", "    await asyncio.sleep(0)\n    return [await"),
        "uses `asyncio`",
    ),
    "a driver with a verdict": (
        ("    return [await", '    assert name, "a name"\n    return [await'),
        "gives a verdict",
    ),
    "a driver that is not async": (
        ("async def twice(name):\n    import asyncio\n    return [await judge(name), await",
         "def twice(name):\n    return [judge(name),"),
        "must be an `async def`",
    ),
    "asyncio.run": (("await asyncio.sleep(0.001)", "asyncio.run(None)"), "`asyncio.run`"),
    "unproven": (('exercise="judge"', 'exercise="jud"'), "0 right answers"),
    "a helper's name, taken by another test": (
        ('# %% test="card_visible" points=20',
         '# %% setup="card_tools"\ndef held(seconds):\n    return seconds\n\n'
         '# %%\nheld(1)\n\n# %% test="card_visible" points=20\nfor held in (1.0, 2.0):\n'
         "    print(held)"),
        "gives `held` another meaning",
    ),
    "an imported name, taken by another test": (
        ('# %% test="card_visible" points=20',
         '# %% setup="card_tools"\nfrom autograder.testing import wrong\n\n'
         '# %%\nwrong(1, "x")\n\n# %% test="card_visible" points=20\nfor wrong in (1.0, 2.0):\n'
         "    print(wrong)"),
        "gives `wrong` another meaning",
    ),
    "a constant that a helper reads later": (
        ('# %% test="card_visible" points=20',
         '# %% setup="card_tools"\nPAGE = "/card"\n\n\ndef page():\n    return PAGE\n\n'
         '# %% test="card_visible" points=20\nwith open("x") as PAGE:\n    pass'),
        "gives `PAGE` another meaning",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", LAB_FAULTS)
def test_a_fault_of_a_lab_is_found(tmp_path: Path, fault: str) -> None:
    (old, new), said = LAB_FAULTS[fault]
    assert old in LAB
    sample_course.write(tmp_path, lab=LAB.replace(old, new))
    found = findings(tmp_path)
    assert any(said in one and "lab.py" in one for one in found), found


@pytest.mark.parametrize(
    "allowed",
    [
        "report = await watch(partial(card))",
        "report = await watch(functools.partial(card), timeout=2.0)",
        "report, _ = await asyncio.gather(watch(card), asyncio.sleep(0))",
        "def right(report):\n    report.responsive()\n\nreport = await watch(card)\nright(report)",
        "async def drive():\n    import json\n    return json.dumps(await card())\n"
        "report = await watch(drive)",
        "report = await watch(card)\nnames = [asyncio for asyncio in report.value]\n"
        "total = sum(len(watch) for watch in names)",
    ],
)
def test_every_way_through_watch_is_allowed(tmp_path: Path, allowed: str) -> None:
    sample_course.start_page(tmp_path)
    sample_course.write(tmp_path, lab=LAB.replace("report = await watch(card)", allowed))
    assert findings(tmp_path) == []


@pytest.mark.parametrize(
    "private",
    [
        "import autograder.outcomes",
        "from autograder.outcomes import WrongValue",
        "from autograder.clock import ThreadClock",
        "from autograder import monitor",
        "from autograder.testing import asyncio",
        "from autograder.lessons import world",
        "from autograder.catalog.card import Card",
        "async def drive():\n    from autograder.course import unit",
    ],
)
def test_an_import_of_ours_that_is_not_public_is_refused(tmp_path: Path, private: str) -> None:
    sample_course.start_page(tmp_path)
    lesson = LESSON.replace("await asyncio.sleep(0)", private)
    sample_course.write(tmp_path, lesson=lesson)
    tool = tmp_path / "source" / "toolbox" / "tool.py"
    tool.parent.mkdir()
    tool.write_text(f"{private}\n", encoding="utf-8")
    found = findings(tmp_path)
    assert [one.partition(":")[0] for one in found] == [
        "source/11_catalog/lesson.py",
        "source/toolbox/tool.py",
    ]
    assert all("is not public, and learners keep their notebooks for years" in one for one in found)


def test_what_is_public_may_be_imported(tmp_path: Path) -> None:
    public = (
        "import autograder\nimport autograder.testing\n"
        "from autograder import catalog, reset, restore, save\n"
        "from autograder.catalog import Card, measure\n"
        "from autograder.lessons import evening, judge, make_bot, tell\n"
        "from autograder.testing import *\nfrom autograder.testing import WrongValue, right"
    )
    sample_course.start_page(tmp_path)
    sample_course.write(tmp_path, lesson=LESSON.replace("await asyncio.sleep(0)", public))
    assert findings(tmp_path) == []


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:8080/x",
        "ws://localhost/gateway",
        "http://[::1]:80",
        "sqlite:///tiny.db",
        "postgresql://bot:pw@127.0.0.1/xp",
    ],
)
def test_addresses_of_this_machine_are_allowed(tmp_path: Path, address: str) -> None:
    sample_course.start_page(tmp_path)
    sample_course.write(tmp_path, lesson=LESSON.replace("asyncio.sleep(0)", f'x("{address}")'))
    assert findings(tmp_path) == []


def test_asyncio_run_inside_a_string_is_a_demonstration(tmp_path: Path) -> None:
    sample_course.start_page(tmp_path)
    text = 'child("""import asyncio; asyncio.run(f())""")'
    sample_course.write(tmp_path, lesson=LESSON.replace("asyncio.sleep(0)", text))
    assert findings(tmp_path) == []


QUESTION_FAULTS = {
    "an option without because": (
        (', B = "It is only the best known."', ""),
        "does not say why option B",
    ),
    "right is no option": (('right = "A"', 'right = "C"'), "one of them `right`"),
    "unknown kind": (
        ('kind = "recall"', 'kind = "quiz"'),
        'must be "predict", "recall" or "before"',
    ),
    "nothing to recall": (('kind = "recall"', 'kind = "predict"'), 'no question with kind = "rec'),
    "not TOML": (('right = "A"', "right = A"), "cannot be read"),
    "misspelt key": (('ask = "What blocks?"', 'aks = "?"'), "no `ask`"),
    "never asked": (('id = "what-blocks"\nkind = "recall"', 'id = "w"\nkind = "predict"'), "asked"),
}


@pytest.mark.parametrize("fault", QUESTION_FAULTS)
def test_a_fault_of_a_question_is_found(tmp_path: Path, fault: str) -> None:
    (old, new), said = QUESTION_FAULTS[fault]
    assert old in QUESTIONS
    sample_course.write(tmp_path, questions=QUESTIONS.replace(old, new))
    found = lint(tmp_path)
    assert any(said in one for one in found), found


@pytest.mark.parametrize("now", ["what-beats", 'anything"\nwas = "what-beats'])
def test_a_question_id_is_used_once_in_the_whole_course(tmp_path: Path, now: str) -> None:
    sample_course.start_page(tmp_path)
    sample_course.write(tmp_path, questions=QUESTIONS.replace("what-blocks", now))
    assert any(
        "the question `what-beats` is taken, by source/00_start_here/questions.toml:9" in one
        for one in findings(tmp_path)
    )


def test_too_few_or_mistaken_answers_are_found(tmp_path: Path) -> None:
    sample_course.write(tmp_path)
    folder = tmp_path / "tests/answers/11_catalog"
    for name in ("right_judge_1", "right_judge_2", "wrong_judge_3"):
        (folder / f"{name}.py").unlink()
    no_message = '# exercise: card\n# expect: fails\n# test: x\n# %% answer="card"\nx = 1\n'
    (folder / "wrong_card_1.py").write_text(no_message, encoding="utf-8")
    elsewhere = '# exercise: card\n# expect: passes\n# %% answer="crad"\nx = 1\n'
    (folder / "right_card_1.py").write_text(elsewhere, encoding="utf-8")
    said = "\n".join(findings(tmp_path))
    assert "`judge` is proven with 1 right answers, and 2" in said
    assert "`judge` is proven with 2 wrong answers, and 3" in said
    assert "wrong_card_1.py:1: add the line `# message: ...`" in said
    assert "right_card_1.py:1: the lab has no answer cell `crad`" in said


def test_missing_files_of_a_unit_are_named(tmp_path: Path) -> None:
    unit = sample_course.write(tmp_path)
    for name in ("design.md", "questions.toml", "lab.py"):
        (unit / name).unlink()
    said = "\n".join(findings(tmp_path))
    for name in ("design.md", "questions.toml", "lab.py"):
        assert f"source/11_catalog/{name}:1: the" in said


LIMITS = {
    "a long lesson": (
        "lesson",
        ("# Look for it.", "# Look " + "well " * 4300),
        " minutes, and 45 are the most; shorten it",
    ),
    "many predictions": (
        "lesson",
        ("import asyncio", "".join(f'predict("?", about="q{n}")\n' for n in range(7))),
        "the lesson has 8 predictions, and 7 are the most",
    ),
    "minutes in a lesson": (
        "lesson",
        ("*You need* unit 00.", "It takes 30 minutes."),
        "remove yours",
    ),
    "minutes in a lab": ("lab", ("# # Lab: judge", "# # Lab\n# 20 to 30 minutes."), "remove yours"),
    "minutes in a design note": ("design", ("Goal", "Minutes: lesson 30, lab 40\nGoal"), "remove"),
}


@pytest.mark.parametrize("fault", LIMITS)
def test_what_is_above_a_limit_is_a_fault(tmp_path: Path, fault: str) -> None:
    part, (old, new), said = LIMITS[fault]
    text = {"lesson": LESSON, "lab": LAB, "design": sample_course.DESIGN}[part]
    assert old in text
    sample_course.start_page(tmp_path)
    sample_course.write(tmp_path, **{part: text.replace(old, new)})
    assert any(said in one for one in findings(tmp_path))


def test_a_question_that_a_third_lesson_recalls_is_found(tmp_path: Path) -> None:
    sample_course.start_page(tmp_path)
    asks = LESSON.replace('recall("11_catalog")', 'recall("?", about="what-beats")')
    for name in ("03_gateway", "04_yielding", "05_threads"):
        sample_course.write(tmp_path, name, lesson=asks)
    (found,) = [one for one in limits.check(tmp_path) if "recalled" in one]
    assert found.startswith("source/05_threads/lesson.py:")


def test_the_minutes_of_a_lesson_count_words_cells_and_questions() -> None:
    text = """
# %% [markdown]
# # One two three
# <details><summary>Folded</summary>
# four five
# </details>

# %%
recall("?", about="a")

# %%
predict("?", about="b")

# %%
predict(about="b")

# %%
after("?")
"""
    cells = parse.cells(text.lstrip(), "lesson.py")
    assert minutes.lesson(cells) == pytest.approx(4 / 100 + 0.35 * 4 + 0.5 * (2 + 10))


def test_the_minutes_of_a_lab_are_those_of_its_core_exercises() -> None:
    cells = parse.cells(LAB, "lab.py")
    words = sum(len(cell.source.split()) for cell in cells[:3] if cell.kind == "markdown")
    assert minutes.lab(cells) == pytest.approx(words / 100 + 0.5 * 30)
    stretch = [cell for cell in cells if cell.role in ("exercise", "test")][3:]
    assert minutes.lab(stretch) > 0.5 * 20
    begun = LAB.replace(
        "    ### END SOLUTION", "    ### END SOLUTION\n    # The current version:\n    pass", 1
    )
    assert minutes.lab(parse.cells(begun, "lab.py")) == pytest.approx(minutes.lab(cells) - 1)


def test_a_folder_that_the_syllabus_does_not_know_is_found(tmp_path: Path) -> None:
    sample_course.write(tmp_path, name="13_more")
    assert any("the syllabus has no such unit" in one for one in lint(tmp_path))


def test_a_finding_names_the_line_of_the_file(tmp_path: Path) -> None:
    text = LAB.replace('report = await watch(judge, "httpx")', 'x = 1\nawait judge("httpx")')
    sample_course.write(tmp_path, lab=text)
    line = text.splitlines().index('await judge("httpx")') + 1
    found = [one for one in course.lint(tmp_path) if "`judge` is learner code" in one]
    assert found
    assert found[0].startswith(f"source/11_catalog/lab.py:{line}: ")
