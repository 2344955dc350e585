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
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import another_user
import pytest
import toy_unit as toy
from processes import IMPORTS
from warm import Warm

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


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    """A process with all imports made: 3 s of CPU, and as much for each run without it."""
    found = {"UNBLOCKED_ACCEPT_WEAKER_JAIL": "0", "PYTHONPATH": IMPORTS, "TMPDIR": "/tmp"}
    program = Warm(sys.executable, SUPPORT / "attacking.py", **found)
    yield program
    program.close()


def run(
    warm: Warm, kind: str, user: int, refused: str, *more: str | Path, in_reach: bool = False
) -> dict[str, Any]:
    """Attack or grade as that user, with these system calls refused, and return what came of it.

    `in_reach`: Python is where every user can read it, even if root's is not.
    """
    who = str(user) if in_reach or user != os.getuid() else ""
    running = warm.run(kind, who, refused, *map(str, more))
    code, said = running.wait(120), running.kill()
    assert code == 0, said
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found


@dataclass(frozen=True)
class Attacked:
    """What came of some attacks behind the layers in force."""

    layers: list[str]
    got: dict[str, bool]
    strict: str  # why a strict examination was refused
    room: tuple[int, str, str] | None


def attack(
    warm: Warm, user: int, refused: str, course: Path, *names: str, in_reach: bool = False
) -> Attacked:
    """Examine these attacks in one notebook and return what came of them."""
    said = run(warm, "attack", user, refused, course, *names, in_reach=in_reach)
    attacks = said["attacks"]
    assert all(one["tried"] for one in attacks.values()), attacks
    assert "passed" not in said["tests"]
    got = {name: one["got"] for name, one in attacks.items()}
    return Attacked(said["layers"], got, said["strict"], said["room"])


@contextlib.contextmanager
def open_course() -> Iterator[Path]:
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


@pytest.fixture
def course() -> Iterator[Path]:
    with open_course() as root:
        yield root


@pytest.fixture(scope="module", params=USERS)
def in_namespaces(request: pytest.FixtureRequest, warm: Warm) -> tuple[int, Attacked]:
    """A user, and what came of the attacks and of a full room behind all layers."""
    names = [*FILES, "sees_the_network", "traces_others", "reads_the_memory_of_others",
             "raw_sockets", "becomes_root", "mounts_the_way_out", "full_room"]  # fmt: skip
    with open_course() as root:
        return request.param, attack(warm, request.param, "", root, *names)


@needs_namespaces
@pytest.mark.slow
def test_with_namespaces_nothing_is_in_reach(in_namespaces: tuple[int, Attacked]) -> None:
    user, found = in_namespaces
    assert not any(found.got.values()), found.got
    expected = {*confine.NAMESPACES, "no new privileges", "user namespace", "limits"}
    assert expected <= set(found.layers)
    assert ("other user" in found.layers) == (user == 0)
    assert found.strict == ""


@needs_namespaces
@pytest.mark.slow
def test_who_fills_a_room_takes_nothing_from_the_others(
    in_namespaces: tuple[int, Attacked],
) -> None:
    room = in_namespaces[1].room
    assert room is not None
    started, *verdict = room
    assert verdict == ["passed", ""]
    assert confine.PROCESSES - 20 < started < confine.PROCESSES


@pytest.mark.skipif(not availability.landlock().found.startswith("version"),
                    reason=finding.reason(availability.landlock()))  # fmt: skip
@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_where_namespaces_are_refused_landlock_keeps_the_files(
    user: int, course: Path, warm: Warm
) -> None:
    found = attack(warm, user, CONTAINER, course, *FILES, "traces_others", "sees_the_network")
    layers, got = found.layers, found.got
    assert not any(got[name] for name in [*FILES, "traces_others"]), got
    assert "Landlock" in layers
    assert not set(layers) & set(confine.NAMESPACES)
    # It cannot close the network, which is why `grade` refuses such a machine.
    assert got["sees_the_network"] == (len(os.listdir("/sys/class/net")) > 1)
    assert confine.weakness(layers)
    assert "too weakly" in found.strict
    assert not (course / "ran-behind-a-weak-jail").exists()


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS)
def test_without_landlock_the_same_attacks_reach_the_files(
    user: int, course: Path, warm: Warm
) -> None:
    found = attack(warm, user, OLD_KERNEL, course, *FILES)
    assert "Landlock" not in found.layers
    assert all(found.got.values()), found.got
    assert "too weakly" in found.strict
    assert not (course / "ran-behind-a-weak-jail").exists()  # where it could have been made


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make a candidate another user")
@pytest.mark.slow
@pytest.mark.parametrize("refused", [CONTAINER, OLD_KERNEL])
def test_root_in_a_container_examines_as_another_user(
    refused: str, course: Path, warm: Warm
) -> None:
    """As in an image whose Python lies below /usr, which is most of them."""
    names = ["traces_others", "reads_the_memory_of_others", "reads_the_examiners_folder"]
    before = os.stat("/tmp").st_mode
    found = attack(warm, 0, refused, course, *names, "full_room", in_reach=True)
    assert not any(found.got.values()), found.got
    assert "other user" in found.layers
    assert not set(found.layers) & set(confine.NAMESPACES)
    assert found.room is not None
    started, *verdict = found.room
    assert verdict == ["passed", ""]
    assert started < confine.PROCESSES
    assert os.stat("/tmp").st_mode == before


@pytest.mark.slow
@pytest.mark.parametrize("in_reach", [False, True] if os.getuid() == 0 else [False])
def test_a_weak_machine_grades_nobody_unless_told_to(
    in_reach: bool, tmp_path: Path, warm: Warm
) -> None:
    root = toy.course(tmp_path)
    toy.submit(root, "ada", toy.submission())
    said = run(warm, "grade", os.getuid(), CONTAINER, root, in_reach=in_reach)
    assert "Nothing was graded. This machine confines submissions too weakly" in said["refused"]
    assert "--accept-weaker-jail" in said["refused"]
    assert said["before"] == []
    (one,) = said["submissions"]
    assert one["score"] == one["max_score"] == sum(toy.POINTS.values()), one
    assert not set(one["jail"]) & set(confine.NAMESPACES)
    assert "limits" in one["jail"]
    assert ("other user" in one["jail"]) == in_reach


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


@pytest.mark.slow
def test_the_doctor_reports_the_layers() -> None:
    text = doctor.report()
    for layer in LAYERS:
        assert layer in text
