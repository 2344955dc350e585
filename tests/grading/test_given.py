"""What setup cells define stays ours in the candidate when a driver runs."""

from __future__ import annotations

from typing import Any

from autograder.grading.examination.given import Given

SETUP = """
class Room:
    def size(self):
        return beds()

def beds():
    return 7

def told(answer=1):
    return [answer, Room().size()]

names = ["ada"]
"""


def after(cell: str) -> tuple[Given, dict[str, Any]]:
    """A namespace in which the setup cell has run, and then a learner's cell."""
    namespace: dict[str, Any] = {}
    exec(SETUP, namespace)
    given = Given(namespace)
    given.remember(SETUP)
    exec(cell, namespace)
    return given, namespace


def test_a_given_driver_and_what_it_uses_are_put_back() -> None:
    given, _ = after("def told(): return 'right'\ndef beds(): return 99\nclass Room: pass")
    assert given.restored("told")() == [1, 7]


def test_code_that_was_exchanged_is_put_back() -> None:
    given, _ = after("told.__code__ = (lambda answer: 'right').__code__\ntold.__defaults__ = (3,)")
    assert given.restored("told")() == [1, 7]
    given, _ = after("Room.size = lambda self: 99")
    assert given.restored("told")() == [1, 99], "a class of ours can be changed: a claim it stays"


def test_a_driver_that_comes_as_text_finds_what_setup_cells_defined() -> None:
    given, namespace = after("def beds(): return 99")
    code = compile("def driver():\n    return (lambda: beds())()", "driver", "exec")
    given.restore_for(code)
    exec(code, namespace)
    assert namespace["driver"]() == 7


def test_names_that_no_driver_uses_and_plain_data_stay_the_learners() -> None:
    given, namespace = after("names = ['bo']\ndef beds(): return 99")
    given.restore_for(compile("def driver():\n    return names", "driver", "exec"))
    assert namespace["names"] == ["bo"]
    assert namespace["beds"]() == 99
