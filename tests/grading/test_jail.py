"""The layers of the jail: each holds where it is in force, and without it the same attack succeeds.

Every machine is one of these: one that allows namespaces, one that refuses them (a container), one
whose kernel has no Landlock either. The last two are made by a filter of system calls. Root tries
each as itself and as an ordinary user.
"""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import another_user
import pytest
import toy_unit as toy
from processes import IMPORTS

from autograder import doctor
from autograder.environment import finding
from autograder.grading.examination import session
from autograder.grading.examination.cells import Cell
from autograder.grading.jail import availability, confine

SUPPORT = Path(__file__).parents[1] / "support"
FILES = ["rewrites_the_gradebook", "changes_the_settings", "spoils_other_submissions",
         "reads_the_solutions"]  # fmt: skip
CONTAINER = "unshare,setns,mount,clone"  # what Docker's own profile refuses
OLD_KERNEL = f"{CONTAINER},landlock"
LAYERS, REFUSED = confine.offered()
USERS = [os.getuid(), another_user.LEARNER] if os.getuid() == 0 else [os.getuid()]

pytestmark = [
    pytest.mark.timeout(300),
    pytest.mark.skipif(sys.platform != "linux", reason=finding.reason(availability.namespaces())),
]
needs_namespaces = pytest.mark.skipif(
    bool(confine.weakness(LAYERS)), reason=finding.reason(availability.namespaces())
)


def run(
    user: int, refused: str, *command: str | Path, in_reach: bool = False
) -> subprocess.CompletedProcess[str]:
    """Run a program of Python's as that user, with these system calls refused.

    `in_reach`: Python is where every user can read it, even if root's is not.
    """
    before: list[str | Path] = []
    if in_reach or user != os.getuid():
        before += [sys.executable, SUPPORT / "another_user.py", str(user)]
    if refused:
        before += [sys.executable, SUPPORT / "refusing.py", refused]
    accepted = {"UNBLOCKED_ACCEPT_WEAKER_JAIL": "0"}
    return subprocess.run(
        [*before, sys.executable, *command],
        env={**os.environ, **accepted, "PYTHONPATH": IMPORTS, "TMPDIR": "/tmp"},
        capture_output=True,
        text=True,
        check=False,
    )


def attack(
    user: int, refused: str, course: Path, *names: str, in_reach: bool = False
) -> tuple[list[str], dict[str, Any]]:
    """Examine these attacks and return the layers in force, and what came of each."""
    answer = run(user, refused, SUPPORT / "attacking.py", course, *names, in_reach=in_reach)
    assert answer.returncode == 0, answer.stderr
    layers, got = json.loads(answer.stdout.splitlines()[-1])
    assert all(one["tried"] for one in got.values()), got
    assert not any("passed" in one["tests"] for one in got.values()), got
    return layers, {name: one["got"] for name, one in got.items()}


@pytest.fixture
def course() -> Iterator[Path]:
    """A course that anybody may read and write, so that only the jail is in the way."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        root = Path(name)
        for path in ("source/90_toy/90_toy.ipynb", "submitted/bo/90_toy/90_toy.ipynb"):
            (root / path).parent.mkdir(parents=True)
            (root / path).write_text("{}")
        (root / "nbgrader_config.py").write_text("")
        with contextlib.closing(sqlite3.connect(root / "gradebook.db")) as book, book:
            book.execute("CREATE TABLE grade (manual_score)")
        for one in (root, *root.rglob("*")):
            one.chmod(0o777)
        yield root


@needs_namespaces
@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_with_namespaces_nothing_is_in_reach(user: int, course: Path) -> None:
    names = [*FILES, "sees_the_network", "traces_others", "reads_the_memory_of_others",
             "becomes_root", "mounts_the_way_out", "raw_sockets"]  # fmt: skip
    layers, got = attack(user, "", course, *names)
    assert not any(got.values()), got
    assert {*confine.NAMESPACES, "no new privileges", "user namespace", "limits"} <= set(layers)
    assert ("other user" in layers) == (user == 0)


@pytest.mark.skipif(not availability.landlock().found.startswith("version"),
                    reason=finding.reason(availability.landlock()))  # fmt: skip
@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_where_namespaces_are_refused_landlock_keeps_the_files(user: int, course: Path) -> None:
    layers, got = attack(user, CONTAINER, course, *FILES, "traces_others", "sees_the_network")
    assert not any(got[name] for name in [*FILES, "traces_others"]), got
    assert "Landlock" in layers
    assert not set(layers) & set(confine.NAMESPACES)
    # It cannot close the network, which is why `grade` refuses such a machine.
    assert got["sees_the_network"] == (len(os.listdir("/sys/class/net")) > 1)
    assert confine.weakness(layers)


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_without_landlock_the_same_attacks_reach_the_files(user: int, course: Path) -> None:
    layers, got = attack(user, OLD_KERNEL, course, *FILES)
    assert "Landlock" not in layers
    assert all(got.values()), got


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a candidate another user")
@pytest.mark.slow
@pytest.mark.parametrize("refused", [CONTAINER, OLD_KERNEL])
def test_root_in_a_container_examines_as_another_user(refused: str, course: Path) -> None:
    """As in an image whose Python lies below /usr, which is most of them."""
    names = ["traces_others", "reads_the_memory_of_others", "reads_the_examiners_folder"]
    before = os.stat("/tmp").st_mode
    layers, got = attack(0, refused, course, *names, in_reach=True)
    assert not any(got.values()), got
    assert "other user" in layers
    assert not set(layers) & set(confine.NAMESPACES)
    answer = run(0, refused, SUPPORT / "full_room.py", in_reach=True)
    started, *verdict = json.loads(answer.stdout)
    assert verdict == ["passed", ""]
    assert started < confine.PROCESSES
    assert os.stat("/tmp").st_mode == before


@pytest.mark.slow
@pytest.mark.parametrize("in_reach", [False, True] if os.getuid() == 0 else [False])
def test_a_weak_machine_grades_nobody_unless_told_to(in_reach: bool, tmp_path: Path) -> None:
    root = toy.course(tmp_path)
    toy.submit(root, "ada", toy.submission())
    program = (
        "import sys\nfrom pathlib import Path\nfrom autograder.grading import marking\n"
        "from autograder.outcomes import UserMistake\ntry:\n"
        "    marking.grade('90_toy', as_json=True, root=Path(sys.argv[1]),\n"
        "                  accept_weaker_jail=sys.argv[2] == 'yes')\n"
        "except UserMistake as mistake:\n    print(mistake)\n"
    )
    answer = run(os.getuid(), CONTAINER, "-c", program, root, "no", in_reach=in_reach)
    assert "Nothing was graded. This machine confines submissions too weakly" in answer.stdout
    assert "--accept-weaker-jail" in answer.stdout
    assert not list(root.glob("autograded/*/*"))
    answer = run(os.getuid(), CONTAINER, "-c", program, root, "yes", in_reach=in_reach)
    (one,) = json.loads(answer.stdout)["submissions"]
    assert one["score"] == one["max_score"] == sum(toy.POINTS.values()), one
    assert not set(one["jail"]) & set(confine.NAMESPACES)
    assert "limits" in one["jail"]
    assert ("other user" in one["jail"]) == in_reach


def test_a_strict_examination_runs_nothing_behind_a_weak_jail() -> None:
    program = (
        "from autograder.grading.examination.session import *\ntry:\n"
        "    examine([Cell(0, 'learner', '', 'open(\"/tmp/ran-behind-a-weak-jail\", \"w\")')],"
        " strict=True)\nexcept ExaminationFailed as refusal:\n    print(refusal)"
    )
    assert "too weakly" in run(os.getuid(), CONTAINER, "-c", program).stdout
    assert not Path("/tmp/ran-behind-a-weak-jail").exists()


@needs_namespaces
@pytest.mark.parametrize("user", USERS)
def test_who_fills_a_room_takes_nothing_from_the_others(user: int) -> None:
    answer = run(user, "", SUPPORT / "full_room.py")
    assert answer.returncode == 0, answer.stderr
    started, status, message = json.loads(answer.stdout)
    assert (status, message) == ("passed", "")
    assert confine.PROCESSES - 20 < started < confine.PROCESSES


def _put_out(source: str) -> str:
    return str(session.examine([Cell(0, "learner", "", source)], seconds=30).seen[0].outputs)


@needs_namespaces
def test_limits_are_in_force() -> None:
    said = _put_out(
        "import resource\n"
        "for name in ('AS', 'FSIZE', 'CPU', 'NOFILE', 'CORE', 'NPROC'):\n"
        "    print(name, resource.getrlimit(getattr(resource, 'RLIMIT_' + name)))"
    )
    for name, limit in {**confine.LIMITS, "RLIMIT_NPROC": confine.PROCESSES}.items():
        assert f"{name.removeprefix('RLIMIT_')} ({limit}, {limit})" in said


@needs_namespaces
def test_what_a_bot_needs_is_there() -> None:
    said = _put_out(
        "import multiprocessing, os, shutil, socket, ssl, subprocess, tempfile, zoneinfo\n"
        "lock = multiprocessing.Lock()\n"  # /dev/shm
        "tempfile.mkstemp(); open('/tmp/note', 'w').close(); open('/dev/null', 'w').close()\n"
        "open(os.path.expanduser('~/.note'), 'w').close()\n"
        "subprocess.run(['sh', '-c', 'ls /proc/self > /dev/null'], check=True)\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "socket.create_connection(server.getsockname())\n"
        "socket.create_server(('::1', 0), family=socket.AF_INET6)\n"
        "ssl.create_default_context(); os.urandom(8); socket.gethostbyname('localhost')\n"
        "print('all', 'there')"
    )
    assert "all there" in said, said


def test_the_doctor_reports_the_layers() -> None:
    text = doctor.report()
    for layer in LAYERS:
        assert layer in text
