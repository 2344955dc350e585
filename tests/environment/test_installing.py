"""The first start makes `.venv`, later ones use it, and no accident leaves a broken one behind.

Real environments and a real pip, but two tiny packages in a folder instead of the network.
"""

from __future__ import annotations

import copy
import importlib.metadata
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from packaging import markers

from autograder import doctor
from autograder.environment import bootstrap, install_progress, installers
from autograder.outcomes import UserMistake

ROOT = Path(__file__).resolve().parents[2]
FIRST = "First start"
# The interpreter beneath this environment: like a fresh machine's, it lacks the packages.
BARE_PYTHON = Path(sys.base_prefix) / ("python.exe" if os.name == "nt" else "bin/python3")
# What `-m autograder` does, without the look at the version.
ENTER = (
    "import sys; sys.path.insert(0, ''); from autograder.environment.bootstrap import enter;"
    "enter(sys.argv[1:])"
)
# The same on a Debian with python3-pip and without python3-venv. ensurepip takes 4 s of CPU.
DEBIAN = f"""
import importlib.util, sys
if importlib.util.find_spec("pip"):
    sys.modules["ensurepip"] = None
{ENTER}
"""
INSTALLS = pytest.mark.slow  # a real venv with pip in it takes 3-6 s to make

# What pip 26 and uv 0.13 said in each case, shortened.
NO_WHEEL = """\
ERROR: Could not find a version that satisfies the requirement pebble (from versions: none)
ERROR: No matching distribution found for pebble<0.7,>=0.6
"""
NO_COMPILER = """\
      error: [Errno 2] No such file or directory: 'x86_64-linux-gnu-gcc'
  ERROR: Failed building wheel for mysql-mimic
Failed to build mysql-mimic
"""
NO_NETWORK = f"""\
WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by 'NewConnectionError(
'Failed to establish a new connection: [Errno 111] Connection refused')': /pebble/
{NO_WHEEL}"""
NO_SPACE = (
    "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device\n"
)
UV_HAS_NO_WHEEL = """\
  cause: Because pebble==0.6.0 has no wheels with a matching Python ABI tag (e.g., `cp316`) and only
         pebble<=0.6.0 is available, we can conclude that pebble>=0.6.0 cannot be used.
"""
UV_HAS_NONE = (
    "  cause: Because pebble was not found in the package registry and you require pebble\n"
)
UV_CANNOT_BUILD = "error: Failed to build `librt==0.7.3`\n"
UV_NO_NETWORK = """\
error: Request failed after 3 retries in 9.8s
  cause: Failed to fetch: http://127.0.0.1:9/pebble/
"""


def wheel(folder: Path, name: str) -> None:
    """A package with one module that holds its own name."""
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(folder / f"{name}-1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", f"name = {name!r}\n")
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")


class Clone:
    """A fresh clone, in a folder with a space, that needs the package `pebble`."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "a fresh clone"
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "autograder", self.root / "autograder", ignore=ignored)
        (self.root / "pyproject.toml").write_text("")
        self.need("unblocked_pebble")
        self.venv = self.root / ".venv"
        wheels = folder / "wheels"
        wheels.mkdir()
        for name in ("unblocked_pebble", "unblocked_stone"):
            wheel(wheels, name)
        self.home = folder / "home"
        self.home.mkdir()
        self.environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("PIP_")},
            "HOME": str(self.home),
            "PATH": "/usr/bin:/bin" if os.name != "nt" else os.environ["PATH"],  # no uv
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(wheels),
            "PIP_CONFIG_FILE": os.devnull,
        }
        self.environment.pop("PYTHONPATH", None)

    def need(self, *names: str) -> None:
        (self.root / "requirements.txt").write_text("\n".join([*names, ""]))

    def start(
        self, program: str = DEBIAN, verb: str = "--help", **more: str
    ) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [BARE_PYTHON, "-c", program, verb],
            cwd=self.root,
            env={**self.environment, **more},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, program: str = DEBIAN, verb: str = "--help", **more: str) -> str:
        """Start, expect success, and return what was said."""
        with self.start(program, verb, **more) as process:
            said, _ = process.communicate(timeout=90)
        assert process.returncode == 0, said
        return said

    @property
    def log(self) -> str:
        return bootstrap.log_of(self.venv).read_text().replace("unblocked-", "unblocked_")

    def has(self, name: str) -> bool:
        asked = [bootstrap.python_of(self.venv), "-c", f"import {name}"]
        return subprocess.run(asked, capture_output=True, check=False).returncode == 0


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> tuple[Clone, str]:
    """A clone that was started once, and what was said; such an install takes 5 s of CPU.

    Tests change what it needs, and leave it with an environment that has `pebble`.
    """
    clone = Clone(tmp_path_factory.mktemp("started"))
    return clone, clone.run(ENTER, "doctor")


@INSTALLS
def test_only_the_first_start_installs(started: tuple[Clone, str]) -> None:
    clone, first = started
    assert FIRST in first
    assert "Successfully" not in first  # what pip says is for the log
    assert "Successfully installed unblocked_pebble" in clone.log
    assert clone.has("unblocked_pebble")
    assert str(clone.venv) in " ".join(first.split())  # doctor ran inside it
    second = clone.run(ENTER, "doctor")
    assert "install" not in second.splitlines()[0].lower()


@INSTALLS
@pytest.mark.parametrize(
    ("program", "ours"),
    [
        ("jupyter", "grading/jupyter/nbgrader_config.py"),  # stops nbgrader when ours is broken
        ("ipython", "course/learner/ipython_kernel_config.json"),
    ],
)
def test_the_environment_holds_our_settings_of_other_programs(
    started: tuple[Clone, str], program: str, ours: str
) -> None:
    clone, _ = started
    settings = clone.root / "autograder" / ours
    assert (clone.venv / "etc" / program / settings.name).read_text() == settings.read_text()


@INSTALLS
def test_a_copied_or_moved_repository_gets_a_new_environment(
    started: tuple[Clone, str], tmp_path: Path
) -> None:
    """Scripts in an environment begin with its path: `alembic` would not be found."""
    clone = copy.copy(started[0])
    clone.root = Path(shutil.copytree(clone.root, tmp_path / "moved", symlinks=True))
    clone.venv = clone.root / ".venv"
    assert f"moved or copied from {started[0].root}: installing" in clone.run()
    assert clone.has("unblocked_pebble")


@INSTALLS
def test_a_change_of_requirements_installs_and_what_cannot_be_had_is_a_sentence_and_loses_nothing(
    started: tuple[Clone, str], tmp_path: Path
) -> None:
    """As after `git pull` on a train: the old environment must not be thrown away.

    The next start has a uv that fails, and so tries pip. uv brings certificates of its own: behind
    a company's proxy it fails where pip does not.
    """
    clone, _ = started
    own = clone.venv / "put-here-on-the-train"
    own.touch()
    clone.need("unblocked_pebble", "unblocked_mountain")
    with clone.start() as process:
        said, _ = process.communicate(timeout=90)
    assert process.returncode != 0
    assert "No matching distribution found for unblocked_mountain" in said
    assert "no index that was asked has unblocked_mountain ready for Python 3." in said
    assert "network" not in said  # nothing was wrong with it
    assert ".venv.log" in said
    assert "No matching distribution found" in clone.log
    assert clone.has("unblocked_pebble")

    clone.need("unblocked_pebble", "unblocked_stone")
    said = clone.run(**uv_that_fails(tmp_path / "bin", clone))
    assert ("certificate unknown" in said) == (os.name != "nt")
    assert "up to date" in said
    assert clone.has("unblocked_stone")
    assert own.exists()


def uv_that_fails(folder: Path, clone: Clone) -> dict[str, str]:
    """Put a stand-in for uv on the path; it is a shell script, and so nothing on Windows."""
    folder.mkdir()
    uv = folder / "uv"
    uv.write_text("#!/bin/sh\necho certificate unknown\nexit 2\n")
    uv.chmod(0o755)
    return {"PATH": os.pathsep.join([str(folder), clone.environment["PATH"]])}


def interrupt(clone: Clone, program: str) -> None:
    """Interrupt a start while pip waits for an index; return when all of pip has ended."""
    with socket.create_server(("127.0.0.1", 0)) as silent_index:
        host, port = silent_index.getsockname()
        index = {
            "PIP_INDEX_URL": f"http://{host}:{port}/",
            "PIP_NO_INDEX": "",
            "PIP_FIND_LINKS": "",
        }
        with clone.start(program, **index) as process:
            pip, _ = silent_index.accept()  # pip has asked, and waits
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=120)
        with pip:
            pip.settimeout(30)
            while pip.recv(1 << 16):  # ends when pip's process has
                pass
    assert process.returncode != 0


@INSTALLS
@pytest.mark.timeout(300)  # four starts, each of which begins an install
@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGINT for another process")
def test_an_interrupted_install_leaves_no_process_and_two_starts_at_once_begin_anew_once(
    started: tuple[Clone, str],
) -> None:
    clone, _ = started
    clone.need("unblocked_pebble", "unblocked_mountain")
    for program in (ENTER, DEBIAN):  # pip is one process, and two
        interrupt(clone, program)
        assert not bootstrap._stamp_of(clone.venv).exists()
    half_a_package = clone.venv / "half-a-package"
    half_a_package.touch()
    clone.need("unblocked_pebble")
    with clone.start() as one, clone.start() as other:
        said = [process.communicate(timeout=90)[0] for process in (one, other)]
    assert (one.returncode, other.returncode) == (0, 0), said
    assert sum(FIRST in text for text in said) == 1
    assert sum("waiting for it to end" in text for text in said) == 1
    assert clone.has("unblocked_pebble")
    assert not half_a_package.exists()


@INSTALLS
def test_an_environment_of_the_readers_own_is_kept(started: tuple[Clone, str]) -> None:
    """One that an editor made: it has this Python and not our stamp."""
    clone, _ = started
    bootstrap._stamp_of(clone.venv).unlink()
    own = clone.venv / "put-here-by-the-reader"
    own.touch()
    clone.need("unblocked_pebble", "unblocked_stone")
    assert "up to date" in clone.run()
    assert own.exists()
    assert clone.has("unblocked_stone")


@pytest.mark.parametrize(
    ("said", "version", "told", "not_told"),
    [
        (NO_WHEEL, (3, 16), "3.16 is newer than any that the course was tried with", "network"),
        (NO_WHEEL, (3, 16), "has no pebble: start with Python 3.11 to 3.15", "disk"),
        (NO_COMPILER, (3, 16), "has no mysql-mimic: start with Python 3.11 to 3.15", "network"),
        (UV_HAS_NO_WHEEL, (3, 16), "has no pebble: start with", "disk"),
        (NO_COMPILER, (3, 15), "has mysql-mimic ready for Python 3.15", "network"),
        (UV_CANNOT_BUILD, (3, 13), "has librt ready for Python 3.13", "newer"),
        (UV_HAS_NONE, (3, 13), "has pebble ready for Python 3.13", "check"),
        (NO_NETWORK, (3, 13), "the network failed: check it", "index"),
        (UV_NO_NETWORK, (3, 13), "the network failed: check it", "index"),
        (NO_NETWORK, (3, 16), "check it, then start again. Python 3.16 is newer", "pebble"),
        (NO_SPACE, (3, 13), "the disk is full: free 2 GB", "network"),
        ("Killed", (3, 13), "check the network and the disk", "Python"),
    ],
)
def test_a_failed_install_names_what_is_at_fault_and_the_next_step(
    said: str, version: tuple[int, int], told: str, not_told: str
) -> None:
    step = install_progress.next_step(said, version)
    assert told in step
    assert not_told not in step


def test_doctor_says_which_pythons_the_course_runs_on_and_when_this_one_is_newer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (python, *_) = doctor.python()
    assert "runs on Python 3.11 to 3.15" in python.found
    assert not python.missing
    monkeypatch.setattr(doctor, "NEWEST", (3, 10))
    (python, *_) = doctor.python()
    assert "start with Python 3.11 to 3.15" in python.costs


def test_a_python_newer_than_any_that_was_tried_is_said_in_the_first_line(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap, "NEWEST", (3, 9))
    assert bootstrap._install(root / ".venv", [[]], io.StringIO(), "First start.", reuse=True)
    first, second, _ = capsys.readouterr().out.splitlines()
    assert "is newer than any that the course was tried with (Python 3.11 to 3.15)" in first
    assert second == "First start."


def test_packages_are_made_without_a_compiler_where_that_is_possible() -> None:
    """mysql-mimic has no wheel for 3.15, and most learners' machines have no compiler."""
    assert installers.environment()["NO_MYPYC"] == "1"


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "requirements.txt").write_text("unblocked_pebble\n")
    (tmp_path / "pyproject.toml").write_text("")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    return tmp_path


def installs(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list that gets the command of each installation, which installs nothing."""
    done: list[str] = []

    def install(place: Path, ways: list[installers.Commands], *_: object, reuse: bool) -> bool:
        place.mkdir(exist_ok=True)
        done.append(next(" ".join(command) for command in ways[-1] if "install" in command))
        return True

    monkeypatch.setattr(bootstrap, "_install", install)
    return done


def test_contributors_packages_come_with_the_first_command_that_needs_them_and_stay(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    extra = '[project.optional-dependencies]\ncontributors = ["unblocked_stone>=1"]\n'
    (root / "pyproject.toml").write_text(extra)
    done, place = installs(monkeypatch), root / ".venv"
    bootstrap.bring_up_to_date(place)  # `lab`
    assert "unblocked_stone" not in done[-1]
    assert not bootstrap.is_current(place, contributor=True)
    bootstrap.bring_up_to_date(place, contributor=True)  # `test`
    assert done[-1].endswith("-r requirements.txt unblocked_stone>=1")
    bootstrap.bring_up_to_date(place)
    bootstrap.bring_up_to_date(place, contributor=True)
    assert len(done) == 2  # both have what they need
    (root / "requirements.txt").write_text("unblocked_mountain\n")
    bootstrap.bring_up_to_date(place)  # `lab` after a `git pull`
    assert done[-1].endswith("unblocked_stone>=1")
    assert bootstrap.is_current(place, contributor=True)


@pytest.mark.parametrize(
    ("stamp", "why"),
    [
        ("", "First start: "),
        ("{version} {root}/elsewhere/.venv", "This course was moved or copied from"),
        ("3.9 {place}", "Your .venv is for Python 3.9, and this is {version}"),
    ],
)
def test_a_new_installation_says_why(stamp: str, why: str, root: Path) -> None:
    place, version = root / ".venv", bootstrap._stamp(root)[0].split()[0]
    place.mkdir()
    words = {"version": version, "root": root, "place": place}
    bootstrap._stamp_of(place).write_text(stamp.format(**words))
    assert bootstrap._what_is_done(place, reuse=False).startswith(why.format(**words))


def test_without_uv_pip_and_ensurepip_the_debian_package_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(installers.importlib.util, "find_spec", lambda name: None)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    with pytest.raises(UserMistake, match=rf"sudo apt install python{version}-venv"):
        bootstrap.bring_up_to_date(root / ".venv")
    assert not (root / ".venv").exists()


@pytest.mark.parametrize(
    ("said", "unpacked", "shown"),
    [
        ("", 0, "getting ready"),
        (
            "Collecting aiohttp>=3\n  Downloading aiohttp.whl\nCollecting idna\n",
            0,
            "fetching package 2: idna",
        ),
        ("Requirement already satisfied: yarl in .venv\n", 0, "looking at package 1: yarl"),
        ("Collecting a\nCollecting a\n", 0, "fetching package 1: a"),  # pip tries another release
        ("Collecting a\nInstalling collected packages: c, b, a\n", 2, "2 of 3 packages"),
        ("Compiling\n", 163, "compiling the packages' modules"),
        ("Resolved 163 packages in 1.04s\n", 20, "163 packages"),
    ],
)
def test_the_line_says_how_far_pip_or_uv_is(said: str, unpacked: int, shown: str) -> None:
    assert install_progress.how_far(said, unpacked).endswith(shown)


def test_a_terminal_sees_one_line_that_moves_and_a_file_a_line_now_and_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / ".venv.log"
    log.write_text("Collecting what an earlier command wanted\n")
    # It stands still: a process may get no CPU for half a second, and then reads "1 s".
    clock = SimpleNamespace(monotonic=lambda: 1000.0)
    monkeypatch.setattr(install_progress, "time", clock)
    plain = install_progress.Moving(tmp_path / ".venv", log)
    plain.show()
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(install_progress, "PRINTED", 0.0)
    plain.show()
    assert capsys.readouterr().out == "    0 s  getting ready\n"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    moving = install_progress.Moving(tmp_path / ".venv", log)
    moving.show()
    log.write_text(log.read_text() + "Collecting yarl\n")
    moving.show()
    moving.end()
    drawn = capsys.readouterr().out
    assert "\n" not in drawn
    assert [line.strip() for line in drawn.split("\r") if line.strip()] == [
        "0 s  getting ready",
        "0 s  fetching package 1: yarl",
    ]


def test_a_place_that_cannot_be_written_is_one_sentence(root: Path) -> None:
    with pytest.raises(UserMistake, match="check that this folder can be written to"):
        bootstrap.bring_up_to_date(root / "requirements.txt" / ".venv")


@pytest.mark.parametrize(
    ("line", "complete"),
    [
        ("pytest", True),
        ("pytest>=1  # as pip reads it", True),
        ("pytest<1", False),
        ("no-such-package", False),
        ('no-such-package; sys_platform == "amiga"', True),
        ("-e .", True),
    ],
)
def test_an_interpreter_is_used_when_it_satisfies_every_line(
    line: str, complete: bool, root: Path
) -> None:
    (root / "requirements.txt").write_text(f"# what is needed\n\n{line}\n")
    assert bootstrap.has_everything() is complete


@pytest.mark.parametrize(
    ("version", "found", "complete"),
    [
        ("3.11.2", "4.1.3", False),  # as where a newer 3.11 installed: feedback could not be made
        ("3.11.2", "2.10", True),
        ("3.11.5", "4.1.3", True),
    ],
)
def test_debian_12s_python_is_not_content_with_a_soupsieve_that_its_re_cannot_read(
    version: str, found: str, complete: bool, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    (line,) = (each for each in lines if each.startswith("soupsieve"))
    (root / "requirements.txt").write_text(f"{line}\n")
    today = {**markers.default_environment(), "python_full_version": version}
    monkeypatch.setattr(markers, "default_environment", lambda: today)
    monkeypatch.setattr(importlib.metadata, "version", lambda name: found)
    assert bootstrap.has_everything() is complete


def test_a_home_that_cannot_be_written_is_replaced(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        monkeypatch.setenv(name, "to be restored")
        monkeypatch.delenv(name)
    monkeypatch.setenv("PATH", os.environ["PATH"])
    monkeypatch.setenv("PYTHONPATH", "")
    monkeypatch.setenv("MPLCONFIGDIR", "kept")
    monkeypatch.setenv("HOME", str(root / "no such home"))
    monkeypatch.setenv("USERPROFILE", str(root / "no such home"))
    bootstrap._surround()
    assert Path(os.environ["JUPYTER_RUNTIME_DIR"]).is_relative_to(root / "work")
    assert os.environ["MPLCONFIGDIR"] == "kept"
    assert os.environ["PYTHONPATH"] == str(root)


def test_the_wait_of_the_lock_ends_with_the_process_that_held_it(root: Path) -> None:
    """Also after SIGKILL: no lock file must ever be removed by hand."""
    hold = (
        "import sys, time; sys.path.insert(0, sys.argv[1]);"
        "from pathlib import Path; from autograder import installing\n"
        "with installing._alone(Path(sys.argv[2])): print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", hold, str(ROOT), str(root / ".venv")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        holder.kill()
    began = time.monotonic()
    with bootstrap._alone(root / ".venv"):
        assert time.monotonic() - began < 20  # and not the 60 s for which it would have held it
