"""Plain data crosses unchanged and nothing else crosses at all."""

from __future__ import annotations

import enum
import json
import math
import socket
from collections import OrderedDict, namedtuple
from typing import Any

import pytest

from autograder import wire
from autograder.report.record import Block, Record
from autograder.report.report import same

BLOCK = {
    "seconds": 0.25, "start": 0.1, "kind": "sleep", "file": "In [7]", "line": 3,
    "code": "time.sleep(0.25)", "function": "roll", "doubt": 0.0, "library": "", "tasks": 1,
}  # fmt: skip
PLAIN: list[Any] = [
    None,
    True,
    0,
    -7,
    2**200,
    -(10**30),
    16**5000,  # int(str) refuses it; hex does not
    0.1,
    -0.0,
    math.inf,
    "gr\u00fc\u00df dich \U0001f9ca",
    "\ud800",  # a lone surrogate, which UTF-8 refuses
    b"\x00\xff",
    [1, [2, [3]]],
    (1, ("a", b"b")),
    {"a": 1, 2: "b", (3, None): [4]},
    {1, "two", (3, 4)},
    {"t": [1]},  # looks like one of our tags
    {},
    (),
    set(),
]


@pytest.mark.parametrize("value", PLAIN, ids=[f"{i}" for i in range(len(PLAIN))])
def test_plain_data_comes_back_equal_and_of_the_same_type(value: Any) -> None:
    back = wire.copy(value)
    assert type(back) is type(value)
    assert back == value
    assert same(back, value)


def test_nan_comes_back_as_nan_and_is_the_same_as_itself() -> None:
    assert math.isnan(wire.copy(math.nan))
    assert same([math.nan], [math.nan])


def test_nothing_is_shared_with_the_original() -> None:
    inner = [1]
    copied = wire.copy([inner, inner])
    copied[0].append(2)
    assert copied == [[1, 2], [1]]
    assert inner == [1]


class AlwaysEqual(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


class Color(enum.IntEnum):
    RED = 1


Pair = namedtuple("Pair", "a b")


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (AlwaysEqual(0), "a kind of int; only exact types are graded: turn it into one with int"),
        (Color.RED, "a kind of int"),
        (Pair(1, 2), "a kind of tuple"),
        (OrderedDict(a=1), "a kind of dict"),
        (object(), "of type object; what is graded must be plain data"),
        ([1, {"a": lambda: 1}], "of type function"),
        (frozenset({1}), "of type frozenset"),
        (1j, "of type complex"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(value: Any, sentence: str) -> None:
    with pytest.raises(wire.NotPlain, match=sentence) as refusal:
        wire.pack(value, "what `roll` returned")
    assert str(refusal.value).startswith("what `roll` returned")


def test_a_forgotten_await_is_named() -> None:
    async def roll() -> int:
        return 7

    coroutine = roll()
    with pytest.raises(wire.NotPlain, match="did you forget `await`"):
        wire.pack(coroutine)
    coroutine.close()


def test_depth_and_size_are_capped() -> None:
    deep: list[Any] = []
    for _ in range(wire.DEEPEST + 1):
        deep = [deep]
    with pytest.raises(wire.NotPlain, match="nested more than 40 levels"):
        wire.pack(deep)
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(wire.NotPlain, match="nested"):
        wire.pack(loop)
    with pytest.raises(wire.NotPlain, match=r"too large to be graded: 5\.0 MB"):
        wire.pack("x" * 5_000_000)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"nonsense",
        b"[" * 60_000,
        b'{"x":1}',
        b'{"t":[1],"s":[2]}',
        b'{"i":7}',
        b'{"b":"%%%"}',
        b'{"f":"0"}',
        b'{"d":[[1]]}',
        b'{"d":[[[1],2]]}',
        b'{"s":[[1]]}',
        b'{"t":5}',
        b"\xff\xfe",
    ],
)
def test_forged_frames_are_refused_whatever_they_hold(data: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 the text is for our logs, any will do
        wire.unpack(data)


def test_frames_cross_a_socket_and_its_end_is_told() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        wire.send(ours, {"op": "watch", "args": (1, b"2")})
        assert wire.receive(theirs) == {"op": "watch", "args": (1, b"2")}
        ours.sendall(b"\xff\xff\xff\xff")
        with pytest.raises(ValueError, match="larger than"):
            wire.receive(theirs)
        ours.close()
        with pytest.raises(EOFError):
            wire.receive(theirs)


@pytest.mark.parametrize(
    "forged",
    [
        {"seconds": math.nan},
        {"seconds": -1.0},
        {"seconds": True},
        {"blocks": [{"seconds": math.inf}]},
        {"blocks": [Block(0.1, math.nan, "cpu", "", 0, "", "")]},
        {"blocks": [{**BLOCK, "seconds": math.nan}]},
        {"blocks": [{**BLOCK, "doubt": -0.1}]},
        {"blocks": [{**BLOCK, "tasks": 0}]},
        {"blocks": [{**BLOCK, "tasks": 10**400}]},
        {"left": ["bg"]},
        {"left": [{"function": "bg", "file": "", "line": 7, "code": "", "tasks": 16**5000}]},
        {"left": [{"function": "bg", "file": "", "line": "7", "code": "", "tasks": 1}]},
        {"blocks": [{**BLOCK, "start": 0}]},
        {"blocks": [{**BLOCK, "line": True}]},
        {"blocks": [{**BLOCK, "file": None}]},
        {"blocks": [{**BLOCK, "more": 1}]},
        {"blocks": [{name: BLOCK[name] for name in BLOCK if name != "doubt"}]},
        {"blocks": [list(BLOCK.items())]},
        {"blocks": [7]},
        {"blocks": {"a": BLOCK}},
        {"value": "7"},
        {"name": 7},
        {"late": [(0.0, math.nan)]},
        {"outcome": "passed"},
        {"outcome": ["returned"]},
        {"outcome": "timed out"},
        {"error": ("TimeoutError", "did not end", "", 0)},
    ],
)
def test_a_record_that_no_clock_could_have_made_is_refused(forged: dict[str, Any]) -> None:
    plain = wire.copy(Record(name="roll", value=b"7", seconds=0.1).to_plain())
    assert Record.from_plain(plain).seconds == 0.1
    with pytest.raises((ValueError, TypeError)):
        Record.from_plain({**plain, **forged})
    with pytest.raises(ValueError, match="lacks fields"):
        Record.from_plain({"name": "roll"})


def test_a_block_is_one_type_on_both_sides_and_a_dict_in_between() -> None:
    record = Record(name="roll", value=b"7", blocks=[Block.from_plain(BLOCK)])
    plain = record.to_plain()
    assert plain["blocks"] == [BLOCK]
    assert list(plain["blocks"][0]) == list(BLOCK), "as older candidates and stored runs have them"
    assert Record.from_plain(wire.copy(plain)) == record


def test_a_record_in_which_an_attacker_put_other_blocks_is_sent_and_refused() -> None:
    put_in: Any
    for put_in in ([{**BLOCK, "seconds": 0.099}], [BLOCK], []):
        record = Record(name="roll", value=b"7", blocks=put_in)
        claimed = Record.from_plain(wire.copy(record.to_plain())).blocks
        assert claimed == [Block(**block) for block in put_in], "a claim of the right form is taken"
    for put_in in ([{"seconds": 0.0}], ["none"], [None], 7, None, {"a": BLOCK}):
        plain = wire.copy(Record(name="roll", value=b"7", blocks=put_in).to_plain())
        with pytest.raises((ValueError, TypeError)):
            Record.from_plain(plain)


def test_a_record_that_an_older_version_stored_can_be_read() -> None:
    """It has no `outcome` yet, and still the `limit` of the last check."""
    stored = {**Record(name="roll", seconds=0.1).to_plain(), "limit": 0.1}
    del stored["outcome"]
    assert Record.from_stored(stored) == Record(name="roll", seconds=0.1)
    failed = {**stored, "error": ["ValueError", "no", "bot.py", 7]}
    assert Record.from_stored(failed).outcome == "raised"
    with pytest.raises((ValueError, TypeError)):
        Record.from_stored({**stored, "seconds": math.nan})


def test_the_text_on_the_wire_is_json_that_people_can_read() -> None:
    assert json.loads(wire.pack((1, [2.5, {"a": None}]))) == {"t": [1, [2.5, {"d": [["a", None]]}]]}
