"""`build`: text becomes notebooks one way, again and again the same; `--check` names the cell."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sample_course

from autograder.course.author import audit, parse, readme_figure, release, render
from autograder.course.author.build import build
from autograder.outcomes import UserMistake


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course that was built once; tests must leave it as it is."""
    root = tmp_path_factory.mktemp("course")
    sample_course.start_page(root)
    sample_course.write(root)
    (root / "nbgrader_config.py").write_text("raise SystemExit(3)", encoding="utf-8")
    with contextlib.chdir(root):
        build(root)
        assert Path.cwd() == root
    return root


def notebook(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in root.rglob("*")
        if path.is_file()
    }


@pytest.mark.slow
@pytest.mark.timeout(600)  # 14 units, and beside other work
def test_a_second_build_touches_nothing_and_the_check_is_content(
    finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = snapshot(finished)
    released: list[Any] = []

    def once(labs: Any) -> Any:
        """nbgrader's answer for the same labs is not asked for twice: it takes 2 s."""
        if not released:
            released.extend([labs, really(labs)])
        assert labs == released[0]
        return released[1]

    really = release.release
    monkeypatch.setattr(release, "release", once)
    assert build(finished) == []
    assert build(finished, check=True) == []
    assert snapshot(finished) == before


def test_what_learners_get_passes_the_audit_and_holds_nothing_else(finished: Path) -> None:
    assert audit.audit(finished) == []
    released = {p.relative_to(finished).as_posix() for p in (finished / "release").rglob("*.*")}
    assert released == {
        "release/11_catalog/11_catalog.ipynb",
        "release/11_catalog/figures/loop.svg",
    }
    text = (finished / "release/11_catalog/11_catalog.ipynb").read_text(encoding="utf-8")
    for secret in ("verdicts_of_judging", "hidden_library", "SOLUTION", "HIDDEN", "jupytext"):
        assert secret not in text
    assert "raise NotImplementedError()" in text


def test_cells_carry_nbgraders_metadata_and_ids_that_stay(finished: Path) -> None:
    cells = notebook(finished / "source/11_catalog/11_catalog.ipynb")["cells"]
    by_id = {cell["id"]: cell for cell in cells}
    assert by_id["judge_visible"]["metadata"]["nbgrader"] == {
        "grade": True,
        "grade_id": "judge_visible",
        "locked": True,
        "points": 10,
        "schema_version": 3,
        "solution": False,
        "task": False,
    }
    assert by_id["judge"]["metadata"]["nbgrader"]["solution"] is True
    assert by_id["judge"]["metadata"]["nbgrader"]["locked"] is False
    assert by_id["tools"]["metadata"]["nbgrader"]["locked"] is True
    statement = next(cell for cell in cells if "## 1 Judge" in "".join(cell["source"]))
    assert statement["metadata"]["unblocked"] == {"exercise": "judge", "limit": 0.1}
    metadata = notebook(finished / "source/11_catalog/11_catalog.ipynb")["metadata"]
    assert metadata["kernelspec"]["name"] == "python3"
    assert list(metadata) == ["kernelspec"]


def test_equal_cells_get_different_ids(tmp_path: Path) -> None:
    cells = parse.cells("# %%\nx = 1\n# %%\nx = 1\n", "t.py")
    ids = [cell["id"] for cell in render.page(cells, called="t.py")["cells"]]
    assert len(set(ids)) == 2
    assert ids[0].rpartition("-")[0] == ids[1].rpartition("-")[0]


def test_figures_lie_where_the_notebooks_look_for_them(finished: Path) -> None:
    assert (finished / "notebooks/figures/11_catalog/loop.svg").exists()
    assert (finished / "release/11_catalog/figures/loop.svg").exists()


def test_one_changed_word_is_named_with_file_and_cell_and_nothing_is_written(
    tmp_path: Path,
) -> None:
    unit = sample_course.start_page(tmp_path)
    build(tmp_path)
    text = (unit / "lesson.py").read_text(encoding="utf-8").replace("Fine print", "Small print")
    (unit / "lesson.py").write_text(text, encoding="utf-8")
    before = snapshot(tmp_path)
    where = "notebooks/00_start_here.ipynb, cell 7"
    what = "line 5 is `Fine print.`, and `Small print.` in source/."
    assert build(tmp_path, check=True) == [f"{where}: {what}"]
    assert snapshot(tmp_path) == before


@pytest.mark.parametrize("spelling", ["ids", "formatting", "line lists", "last newline"])
def test_the_check_overlooks_what_only_looks_different(tmp_path: Path, spelling: str) -> None:
    sample_course.start_page(tmp_path)
    build(tmp_path)
    path = tmp_path / "notebooks/00_start_here.ipynb"
    content = notebook(path)
    for cell in content["cells"]:
        if spelling == "ids":
            cell["id"] = f"x{cell['id']}"
        if spelling == "line lists":
            cell["source"] = "".join(cell["source"])
    text = json.dumps(content, indent=1 if spelling == "ids" else 4, sort_keys=False)
    path.write_text(text + ("" if spelling == "last newline" else "\n"), encoding="utf-8")
    assert build(tmp_path, check=True) == []


def test_a_new_cell_is_one_difference_and_not_one_for_each_that_follows(tmp_path: Path) -> None:
    unit = sample_course.start_page(tmp_path)
    build(tmp_path)
    text = (unit / "lesson.py").read_text(encoding="utf-8")
    new = text.replace("# %%\nimport asyncio", "# %%\nlength = 2\n\n# %%\nimport asyncio")
    (unit / "lesson.py").write_text(new, encoding="utf-8")
    missing = "notebooks/00_start_here.ipynb, cell 2: is missing, `length = 2`."
    assert build(tmp_path, check=True) == [missing]
    build(tmp_path)
    (unit / "lesson.py").write_text(text, encoding="utf-8")
    surplus = "notebooks/00_start_here.ipynb, cell 2: is not in source/."
    assert build(tmp_path, check=True) == [surplus]


def test_an_output_in_a_built_notebook_is_a_difference(tmp_path: Path) -> None:
    sample_course.start_page(tmp_path)
    build(tmp_path)
    path = tmp_path / "notebooks/00_start_here.ipynb"
    content = notebook(path)
    code = next(cell for cell in content["cells"] if cell["cell_type"] == "code")
    code["execution_count"] = 1
    path.write_text(json.dumps(content), encoding="utf-8")
    assert any("execution_count" in one for one in build(tmp_path, check=True))


def test_files_that_no_unit_makes_are_named_and_never_deleted(tmp_path: Path) -> None:
    sample_course.start_page(tmp_path)
    build(tmp_path)
    stray = tmp_path / "notebooks/05_old.ipynb"
    stray.write_text("{}", encoding="utf-8")
    assert build(tmp_path, check=True) == [
        "notebooks/05_old.ipynb: no unit makes this file; delete it, or write its unit in source/."
    ]
    build(tmp_path)
    assert stray.exists()


def test_one_broken_unit_is_a_sentence_and_the_others_are_built(tmp_path: Path) -> None:
    sample_course.start_page(tmp_path)
    unit = sample_course.write(tmp_path)
    (unit / "lab.py").write_text("# %%\nx = (\n", encoding="utf-8")
    with pytest.raises(UserMistake, match=r"^source/11_catalog/lab.py:2: .*; .*$"):
        build(tmp_path)
    assert (tmp_path / "notebooks/00_start_here.ipynb").exists()
    assert any("lab.py:2:" in one for one in build(tmp_path, check=True))


@pytest.mark.slow
def test_what_nbgrader_refuses_is_a_sentence_with_its_reason(tmp_path: Path) -> None:
    broken = sample_course.LAB.replace(
        '    ### END SOLUTION\n\n# %% test="judge_v', '\n# %% test="judge_v'
    )
    sample_course.write(tmp_path, lab=broken)
    with pytest.raises(UserMistake, match="no end solution statement"):
        build(tmp_path)


@pytest.mark.slow
def test_to_make_a_lab_nbgrader_starts_no_other_program(finished: Path, tmp_path: Path) -> None:
    """It would start `alembic`, found by its name, for the version of its tables."""
    lab = tmp_path / "source" / "11_catalog" / "11_catalog.ipynb"
    lab.parent.mkdir(parents=True)
    lab.write_bytes((finished / lab.relative_to(tmp_path)).read_bytes())
    program = (
        "import runpy, sys\n"
        "def refuse(event, args):\n"
        "    if event == 'subprocess.Popen':\n"
        "        raise OSError(f'starts {args[0]}')\n"
        "sys.addaudithook(refuse)\n"
        "module = 'autograder.course.author.release'\n"
        "runpy.run_module(module, run_name='__main__', alter_sys=True)\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path), "11_catalog"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == {}


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("x = 1\n", 1, "no cell"),
        ("import os\n# %%\nx = 1\n", 1, "before the first cell"),
        ('# %% answr="x"\nx = 1\n', 1, "unknown key `answr`"),
        ('# %% test="x"\nx = 1\n', 1, "go together"),
        ('# %% answer="x" setup="y"\nx = 1\n', 1, "not both"),
        ('# %% answer="two words"\nx = 1\n', 1, "not a cell id"),
        ('# %% exercise="x" limit=0.1\nx = 1\n', 1, "markdown"),
        ('# %% [markdown] answer="x"\n# x\n', 1, "must be a `# %%` cell"),
        ('# %% test="x" points="8"\nx = 1\n', 1, "wrong type"),
        ("# %%\nx = 1\n# %% limit=0.1\ny = 1\n", 3, "belong to a cell"),
        ("# %%\nx = 1\n\ny = = 2\n", 4, "invalid syntax"),
        ("# %% [markdown]\n# a text\n# %% of which this is a part\n# and this\n", 3, "new cell"),
        ('# %%\nx = """\n# %%\ny"""\n', 3, "inside a string"),
    ],
)
def test_a_text_that_is_no_unit_gets_one_sentence_with_its_line(
    text: str, line: int, said: str
) -> None:
    with pytest.raises(parse.BrokenUnit, match=said) as raised:
        parse.cells(text, "lab.py")
    assert raised.value.sentence.startswith(f"lab.py:{line}:"), raised.value.sentence
    assert "\n" not in raised.value.sentence


def test_a_cell_that_jupytext_would_not_bring_back_is_refused() -> None:
    with pytest.raises(parse.BrokenUnit, match="come back"):
        parse._survives_round_trip([("code", "# %% trap\nx = 1", {})], [0], "lab.py")


def test_magics_and_top_level_await_are_python_here() -> None:
    first = "# %%\n# %%writefile jobs.py\ndef job():\n    return 1\n"
    cells = parse.cells(f"{first}# %%\n# %%time\nawait f()\n# %%\n!ls\n", "t.py")
    assert [cell.source.splitlines()[0] for cell in cells] == [
        "%%writefile jobs.py",
        "%%time",
        "!ls",
    ]


def test_two_cells_of_one_name_are_refused_with_both_lines(tmp_path: Path) -> None:
    unit = sample_course.write(tmp_path)
    text = sample_course.LAB + '\n# %% setup="tools"\nx = 1\n'
    (unit / "lab.py").write_text(text, encoding="utf-8")
    with pytest.raises(UserMistake, match=r"lab.py:\d+: the id `tools` is used already in line 4"):
        build(tmp_path)


@pytest.mark.parametrize(
    ("link", "said"),
    [
        ("figures/loop.svg", "as `figures/00_start_here/loop.svg`"),
        ("figures/00_start_here/gone.svg", "there is no source/00_start_here/figures/gone.svg"),
        ("figures/00_start_here/notes.md", "not a picture"),
    ],
)
def test_a_figure_that_would_not_show_is_refused(tmp_path: Path, link: str, said: str) -> None:
    unit = sample_course.start_page(tmp_path)
    text = (unit / "lesson.py").read_text(encoding="utf-8")
    text = text.replace("figures/00_start_here/loop.svg", link)
    (unit / "lesson.py").write_text(text, encoding="utf-8")
    with pytest.raises(UserMistake, match=said):
        build(tmp_path)


def test_nbgraders_settings_and_gradebook_of_whoever_builds_are_left_alone(finished: Path) -> None:
    # the settings that lie there would end nbgrader at once
    assert (finished / "nbgrader_config.py").exists()
    assert not (finished / "gradebook.db").exists()


def test_the_readmes_picture_is_the_one_the_code_draws(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# Picture", encoding="utf-8")
    assert readme_figure.check(tmp_path) == [".github/blocked_loop.json: is missing."]
    assert readme_figure.draw(tmp_path) == [".github/blocked_loop.svg: drawn."]
    assert readme_figure.draw(tmp_path) == []
    assert readme_figure.check(tmp_path) == []
    record = readme_figure.record_path(tmp_path)
    stored = json.loads(record.read_text(encoding="utf-8"))
    stored["record"]["blocks"][0]["line"] += 1
    record.write_text(json.dumps(stored), encoding="utf-8")
    assert "is not what the code draws" in readme_figure.check(tmp_path)[0]
    record.write_text("{}", encoding="utf-8")
    assert "is not a record" in readme_figure.check(tmp_path)[0]


def test_pictures_are_the_same_when_only_the_last_digits_differ() -> None:
    assert readme_figure.same(
        '<path d="M 8.1 2" id="h7d4180c039"/>', '<path d="M 8.2 2" id="h0123456789"/>'
    )
    assert not readme_figure.same('<path d="M 8.1 2"/>', '<path d="M 9.1 2"/>')
    assert not readme_figure.same("<!-- 250 ms -->", "<!-- 260 ms -->")
    assert not readme_figure.same("<text>roll</text>", "<text>ping</text>")
