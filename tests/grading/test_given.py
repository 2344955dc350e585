"""What setup cells define stays ours for a driver, and the learner's names stay the learner's."""

from __future__ import annotations

from typing import Any

from autograder.grading.examination.given import Given

SETUP = """
import time

class Room:
    def size(self):
        return beds()

def beds():
    return 7

def told(answer=1):
    return [answer, Room().size(), time.sleep is not None]

def other():
    return 3

names = ["ada"]
"""
RIGHT = [1, 7, True]


def after(cell: str) -> tuple[Given, dict[str, Any]]:
    """A namespace in which the setup cell has run, and then a learner's cell."""
    namespace: dict[str, Any] = {}
    exec(SETUP, namespace)
    given = Given(namespace)
    given.remember(SETUP)
    exec(cell, namespace)
    return given, namespace


def test_without_a_change_a_driver_has_the_very_functions_of_the_setup_cells() -> None:
    given, namespace = after("def mine(): return told()")
    scope = given.scope()
    assert all(scope[name] is namespace[name] for name in ("told", "beds", "Room", "mine"))


def test_a_given_driver_and_what_it_uses_are_put_back() -> None:
    given, _ = after("def told(): return 'right'\ndef beds(): return 99\nclass Room: pass")
    scope = given.scope()
    assert scope["beds"]() == 7
    assert scope["told"]()[0] == 1


def test_a_module_whose_name_was_taken_is_put_back() -> None:
    given, _ = after("class time:\n    sleep = None")
    assert given.scope()["told"]() == RIGHT


def test_code_that_was_exchanged_is_put_back() -> None:
    given, _ = after("told.__code__ = (lambda answer: 'right').__code__\ntold.__defaults__ = (3,)")
    assert given.scope()["told"]() == RIGHT
    given, _ = after("Room.size = lambda self: 99")
    assert given.scope()["told"]()[1] == 99, "a class of ours can be changed: a claim it stays"


def test_a_driver_that_comes_as_text_finds_what_setup_cells_defined() -> None:
    given, _ = after("def beds(): return 99")
    scope = given.scope()
    exec("def driver():\n    return (lambda: beds())()", scope)
    assert scope["driver"]() == 7


def test_the_learners_own_code_keeps_the_names_that_it_took() -> None:
    given, namespace = after("names = ['bo']\ndef beds(): return 99\ndef mine(): return beds()")
    scope = given.scope()
    assert scope["mine"]() == 99
    assert scope["names"] == ["bo"]
    assert namespace["beds"]() == 99


def test_a_function_that_uses_no_name_that_was_taken_stays_the_same() -> None:
    """A process pool finds it only under its own name."""
    given, namespace = after("def beds(): return 99")
    assert given.scope()["other"] is namespace["other"]
