"""Plain data across a boundary: the arguments and the result of a watched call.

Values of exactly these types can cross: None, bool, int, float, str, bytes, list, tuple, dict and
set. A subclass could redefine `==`, and pickle would run code that the sender chooses. The
learner's notebook uses the same codec, so a value that cannot be graded fails there too.

The encoding is JSON. None, bool, str, list, finite floats and ordinary ints are written as they
are. Everything else is an object with one key that names the type: {"t": [...]} is a tuple.
"""

from __future__ import annotations

import asyncio
import base64
import json
import math
import socket
import struct
from collections.abc import Callable, Collection, Iterable
from typing import Any

LARGEST = 4 * 1024 * 1024  # bytes of one value; the largest in the course is an image of 600 kB
_LARGEST_FRAME = 2 * LARGEST  # a packed value inside a record grows by a third in base64
DEEPEST = 40  # levels of nesting; json itself raises RecursionError near 1000
_BIG = 10**15  # larger ints are sent as hex: JSON readers and int(str) have limits of their own
MOST_UNSAFE = 5000  # members of a set or keys of a dict that may have one hash: 1 s at most
_LENGTH = struct.Struct(">I")


class NotPlain(TypeError):
    """A value cannot cross; the message names the value, and what can cross."""


def pack(value: Any, what: str = "the value", largest: int = LARGEST) -> bytes:
    """Return `value` as bytes.

    Raises NotPlain, which names `what`, for another type, for more than DEEPEST levels of nesting,
    and for more than `largest` bytes.
    """
    data = json.dumps(_encode(value, what, 0), separators=(",", ":")).encode()
    if len(data) > largest:
        raise NotPlain(
            f"{what} is too large to be graded: {len(data) / 1e6:.1f} MB, at most "
            f"{largest / 1e6:.1f} MB. Return less of it."
        )
    return data


def canonical(value: Any) -> bytes:
    """Return bytes that are the same for two values exactly if they are equal, types included.

    At every level the order of a dict's items does not count. Raises NotPlain as `pack` does.
    """
    return json.dumps(_sorted(_encode(value, "the value", 0)), separators=(",", ":")).encode()


def unpack(data: bytes) -> Any:
    """Return the value of `data`; raises ValueError for anything that `pack` did not write."""
    _refuse_flood(len(data))
    try:
        return _decode(json.loads(data), 0)
    except RecursionError:
        raise ValueError("a frame is nested too deeply") from None
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"a frame does not hold plain data: {error}") from None


def copy(value: Any, what: str = "the value") -> Any:
    """Return `value` as the other process would get it: equal, with no object in common."""
    return unpack(pack(value, what))


def send(channel: socket.socket, value: Any) -> None:
    """Write one frame to a blocking socket."""
    data = pack(value, "a frame", _LARGEST_FRAME)
    channel.sendall(_LENGTH.pack(len(data)) + data)


def receive(channel: socket.socket) -> Any:
    """Read one frame from a blocking socket; raises as `areceive` does."""
    (length,) = _LENGTH.unpack(_exactly(channel, _LENGTH.size))
    _refuse_flood(length)
    return unpack(_exactly(channel, length))


async def asend(writer: asyncio.StreamWriter, value: Any) -> None:
    """Write one frame to a stream."""
    data = pack(value, "a frame", _LARGEST_FRAME)
    writer.write(_LENGTH.pack(len(data)) + data)
    await writer.drain()


async def areceive(reader: asyncio.StreamReader) -> Any:
    """Read one frame from a stream; raises EOFError at its end, ValueError for other data."""
    (length,) = _LENGTH.unpack(await reader.readexactly(_LENGTH.size))
    _refuse_flood(length)
    return unpack(await reader.readexactly(length))


def _refuse_flood(length: int) -> None:
    if length > _LARGEST_FRAME:
        raise ValueError(f"a frame of {length} bytes is larger than {_LARGEST_FRAME}")


def _exactly(channel: socket.socket, length: int) -> bytes:
    data = bytearray()
    while len(data) < length:
        part = channel.recv(min(length - len(data), 1 << 16))
        if not part:
            raise EOFError("the other side closed the channel")
        data += part
    return bytes(data)


def _encode(value: Any, what: str, depth: int) -> Any:
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -_BIG < value < _BIG else {"i": hex(value)}
    if kind is float:
        return value if math.isfinite(value) else {"f": repr(value)}
    if kind is bytes:
        return {"b": base64.b64encode(value).decode()}
    if depth >= DEEPEST:
        raise NotPlain(f"{what} is nested more than {DEEPEST} levels deep; return it flatter.")
    if kind is list:
        return [_encode(item, what, depth + 1) for item in value]
    if kind is tuple:
        return {"t": [_encode(item, what, depth + 1) for item in value]}
    if kind is dict:
        _refuse_collisions(value, what)
        return {
            "d": [
                [_encode(k, what, depth + 1), _encode(v, what, depth + 1)] for k, v in value.items()
            ]
        }
    if kind is set:
        _refuse_collisions(value, what)
        items = [_encode(item, what, depth + 1) for item in value]
        return {"s": sorted(items, key=json.dumps)}
    raise NotPlain(_refusal(kind, what))


def _sorted(encoded: Any) -> Any:
    """What `_encode` returned, with the items of each dict in one order."""
    if isinstance(encoded, list):
        return [_sorted(item) for item in encoded]
    if isinstance(encoded, dict):
        ((tag, body),) = encoded.items()
        inner = _sorted(body)
        return {tag: sorted(inner, key=json.dumps) if tag == "d" else inner}
    return encoded


def _refusal(kind: type, what: str) -> str:
    plain = "None, bool, int, float, str, bytes, list, tuple, dict and set"
    if kind.__name__ == "coroutine":
        return f"{what} is a coroutine that was never awaited: did you forget `await`?"
    if issubclass(kind, asyncio.Future):
        return (
            f"{what} is of type {kind.__name__}: did you forget `await`? "
            f"Only its result can be graded."
        )
    base = next((b for b in kind.__mro__[1:] if b in _DECODERS_FOR), None)
    if base is not None:
        return (
            f"{what} is of type {kind.__name__}, a kind of {base.__name__}; only exact types "
            f"are graded: turn it into one with {base.__name__}(...)."
        )
    return (
        f"{what} is of type {kind.__name__}; what is graded must be plain data: {plain}. "
        f"Make other objects inside the function that `watch` calls, and return data about them."
    )


def _decode(value: Any, depth: int) -> Any:
    if depth > DEEPEST * 2:
        raise ValueError("a frame is nested too deeply")
    if isinstance(value, list):
        return [_decode(item, depth + 1) for item in value]
    if isinstance(value, dict):
        if len(value) != 1:
            raise ValueError(f"a frame holds an object with {len(value)} keys, not one")
        ((tag, body),) = value.items()
        if tag not in _DECODERS:
            raise ValueError(f"a frame holds an unknown tag {tag!r:.20}")
        return _DECODERS[tag](body, depth + 1)
    return value


def _keys(keys: Iterable[Any]) -> list[Any]:
    """Members of a set or keys of a dict; raises ValueError for those that `pack` never writes."""
    found = list(keys)
    try:
        _refuse_collisions(found, "a frame")
    except NotPlain as refusal:
        raise ValueError(str(refusal)) from None
    if len(set(found)) < len(found):
        raise ValueError("a frame has a set or dict with equal members")
    return found


def _refuse_collisions(keys: Collection[Any], what: str) -> None:
    """Raise NotPlain for very many keys whose hashes somebody may have made equal.

    20,000 integers with one hash keep a set busy for 17 s. Small integers and texts cannot be made
    to have one hash.
    """
    if len(keys) > MOST_UNSAFE and sum(map(_may_collide, keys)) > MOST_UNSAFE:
        raise NotPlain(
            f"{what} has a set or dict of more than {MOST_UNSAFE:,} tuples, floats or very large "
            "integers; return a list of them."
        )


def _may_collide(key: Any) -> bool:
    kind = type(key)
    return kind in (tuple, float) or (kind is int and not -_BIG < key < _BIG)


_DECODERS: dict[str, Callable[[Any, int], Any]] = {
    "i": lambda body, depth: int(body, 16),
    "f": lambda body, depth: {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[body],
    "b": lambda body, depth: base64.b64decode(body, validate=True),
    "t": lambda body, depth: tuple(_decode(item, depth) for item in body),
    "s": lambda body, depth: set(_keys(_decode(item, depth) for item in body)),
    "d": lambda body, depth: dict(
        zip(
            _keys(_decode(k, depth) for k, _ in body),
            (_decode(v, depth) for _, v in body),
            strict=True,
        )
    ),
}
_DECODERS_FOR = (bool, int, float, str, bytes, list, tuple, dict, set)
