"""What all tests share, and how they are divided among the workers of xdist."""

from __future__ import annotations

import os
import re
import shutil
import signal
import tempfile
from typing import Any

import pytest
from processes import EVERY_PROCESS

from autograder.environment import light_imports

light_imports.skip_grammars()  # 1.1 s of CPU for each worker, and for each process it starts
if EVERY_PROCESS not in os.environ.get("PYTHONPATH", ""):
    _path = [EVERY_PROCESS, os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, _path))

os.environ.pop("UNBLOCKED_WORK", None)  # the tests' copies and points are not yours
# Without bytecode, each of the thousand processes that the tests start would compile the package.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell that starts the tests in the background lets them ignore Ctrl-C, and what they start as
# well; the tests of Ctrl-C would then wait for an end that never comes.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

OWN_TEMPORARY = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    """Give the tests a temporary folder of their own: killed processes leave much in it.

    One run left 150 folders in the machine's. pytest's own folders stay where they are, so that
    those of a failed test can be read afterwards.
    """
    if not hasattr(config, "workerinput"):  # workers of xdist take it over from the environment
        os.environ["PYTEST_DEBUG_TEMPROOT"] = tempfile.gettempdir()
        config.stash[OWN_TEMPORARY] = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="tests-")
        os.chmod(os.environ["TMPDIR"], 0o1777)  # as /tmp: some tests run programs as other users
        tempfile.tempdir = None  # ask the environment again


def pytest_unconfigure(config: pytest.Config) -> None:
    if OWN_TEMPORARY in config.stash:
        shutil.rmtree(config.stash[OWN_TEMPORARY], ignore_errors=True)


# What takes more than half a minute of CPU begins first, so that no worker has a long file left
# when the other has nothing; of test_answers.py, each unit is a group of its own. The tests in a
# browser are one group: they share a server and a page.
LONG = ("test_answers", "test_batches", "test_hostile", "test_marking", "browser",
        "test_databases", "test_jail", "test_examination", "test_installing")  # fmt: skip
OF_UNIT = re.compile(r"test_answers\.py::\w+\[(\d\d_\w+)")


def group_of(test: str) -> str:
    """What runs on one worker: the tests of a file, of one unit's answers, or of the browser."""
    unit = OF_UNIT.search(test)
    if "/browser/" in test:
        return "browser"
    return unit[1] if unit else test.partition("::")[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getoption("dist") != "loadfile":
        return None  # whoever asks for another order gets it
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    return ByGroup(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):  # no worker of xdist
        return
    sizes: dict[str, int] = {}
    for item in items:
        group = group_of(item.nodeid)
        sizes[group] = sizes.get(group, 0) + 1
    order = {name: number for number, name in enumerate(LONG)}

    def place(item: pytest.Item) -> tuple[int, int]:
        group = group_of(item.nodeid)
        first = order.get(group, order.get(item.path.stem, len(LONG)))
        return first, -sizes[group]

    items.sort(key=place)
