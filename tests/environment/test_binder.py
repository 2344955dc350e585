"""What Binder would do with `.binder/`: repo2docker reads it, and the start script makes copies."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running_lab import clone_into

from autograder.environment import contributor_tools, finding

ROOT = Path(__file__).resolve().parents[2]
BINDER = ROOT / ".binder"

JUPYTERS = ["JUPYTER_CONFIG_PATH", "JUPYTER_PATH"]  # where Jupyter looks for settings and parts

unix_only = pytest.mark.skipif(os.name == "nt", reason="Binder's scripts are for bash")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    return clone_into(tmp_path / "clone")


def run_script(clone: Path, name: str, *arguments: str) -> str:
    """Run a script as Binder does: in the repository, with the environment's Python first."""
    python = str(Path(sys.executable).parent)
    bare = {name: value for name, value in os.environ.items() if name not in JUPYTERS}
    answer = subprocess.run(
        [clone / ".binder" / name, *arguments],
        cwd=clone,
        env={**bare, "PATH": os.pathsep.join([python, os.environ["PATH"]])},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


@pytest.mark.skipif(
    contributor_tools.repo2docker().missing, reason=finding.reason(contributor_tools.repo2docker())
)
def test_repo2docker_writes_a_dockerfile_from_our_files_and_no_others(clone: Path) -> None:
    program = shutil.which("jupyter-repo2docker")
    options = ["--no-build", "--debug", "--user-id", "1000", "--user-name", "jovyan"]
    answer = subprocess.run(
        [str(program), *options, str(clone)], capture_output=True, text=True, check=False
    )
    said = answer.stdout + answer.stderr
    assert answer.returncode == 0, said
    assert "python=3.13" in said  # without runtime.txt it is 3.10, which has no TaskGroup
    assert 'pip install --no-cache-dir -r ".binder/requirements.txt"' in said
    assert "apt-get install --yes --no-install-recommends mariadb-server-core" in said
    assert "RUN ./.binder/postBuild" in said
    assert 'R2D_ENTRYPOINT="${REPO_DIR}/.binder/start"' in said


def test_binder_installs_the_same_list_as_everybody_else() -> None:
    lines = (BINDER / "requirements.txt").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == ["-r ../requirements.txt"]
    assert not (ROOT / "binder").exists()  # two folders are an error for repo2docker


def test_binder_gets_a_python_that_the_course_runs_on() -> None:
    written = re.fullmatch(r"python-3\.(\d+)\n", (BINDER / "runtime.txt").read_text("utf-8"))
    assert written
    assert int(written[1]) in (11, 12, 13)


@unix_only
def test_start_copies_the_units_and_becomes_the_server(clone: Path) -> None:
    said = run_script(clone, "start", "sh", "-c", 'echo "server: $0 $1" "$@"', "two words", "last")
    assert said.splitlines()[-1] == "server: two words last last"
    for lesson in (clone / "notebooks").glob("*.ipynb"):
        assert list((clone / "work" / lesson.stem).glob("*.ipynb"))


@unix_only
def test_start_gives_jupyter_the_same_folders_as_lab(clone: Path) -> None:
    asked = f"import os; print(*[os.environ[name] for name in {JUPYTERS}])"
    ask_lab = f"from autograder import installing; installing._surround(); {asked}"
    bare = {name: value for name, value in os.environ.items() if name not in JUPYTERS}
    lab = subprocess.run(
        [sys.executable, "-c", ask_lab],
        cwd=clone,
        env={**bare, "PYTHONPATH": str(clone)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert run_script(clone, "start", "python3", "-c", asked).splitlines()[-1] == lab.stdout.strip()


@unix_only
def test_start_lets_the_learner_in_when_the_copies_cannot_be_made(clone: Path) -> None:
    (clone / "work").write_text("a file in the way")
    assert run_script(clone, "start", "echo", "server").splitlines()[-1] == "server"


@unix_only
def test_post_build_puts_the_courses_defaults_where_jupyterlab_looks(
    clone: Path, tmp_path: Path
) -> None:
    """The environment's prefix is asked of `python3`: here one that says another place."""
    fake = tmp_path / "bin" / "python3"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\necho "{tmp_path}/environment"\n')
    fake.chmod(0o755)
    subprocess.run(
        [clone / ".binder" / "postBuild"],
        cwd=clone,
        env={**os.environ, "PATH": os.pathsep.join([str(fake.parent), os.environ["PATH"]])},
        check=True,
    )
    settings = tmp_path / "environment" / "share" / "jupyter" / "lab" / "settings"
    assert "fetchNews" in (settings / "overrides.json").read_text("utf-8")
    assert (tmp_path / "environment" / "etc" / "ipython" / "ipython_kernel_config.json").is_file()
