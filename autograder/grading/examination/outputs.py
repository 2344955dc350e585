"""The outputs of a cell, as in nbformat, with limits: too much output is cut off."""

from __future__ import annotations

import base64
import math
from typing import Any

MOST_TEXT = 1_000_000  # characters of stdout and stderr that a cell keeps
MOST_RICH = 2_000_000  # characters of pictures, HTML and the like
MOST_OF_ALL = 5_000_000  # characters of all outputs of a notebook
MOST_OUTPUTS = 500
MOST_LINE = 20_000  # characters of one line of a traceback
LARGEST_INT = 10**18
_DEEPEST = 20  # levels of nested JSON data

Output = dict[str, Any]


class Outputs:
    """Collects the outputs of one cell, in order; joins text of one stream, as a notebook does."""

    def __init__(self) -> None:
        self.items: list[Output] = []
        self._text = 0
        self._rich = 0
        self._shown: dict[str, int] = {}  # display id -> index
        self._clear_next = False

    def write(self, name: str, text: str) -> None:
        """Add text to "stdout" or "stderr"."""
        if not text or self._text > MOST_TEXT:
            return
        left = MOST_TEXT - self._text
        self._text += len(text)
        if self._text > MOST_TEXT:
            text = f"{text[:left]}\n... (cut: this cell printed more than {MOST_TEXT:,} characters)"
        self._cleared()
        last = self.items[-1] if self.items else None
        if last is not None and last["output_type"] == "stream" and last["name"] == name:
            last["text"] += text
        else:
            self._add(stream(name, text))

    def display(
        self,
        data: dict[str, Any],
        metadata: dict[str, Any] | None = None,
        display_id: str | None = None,
        update: bool = False,
    ) -> None:
        """Add rich output; with `update`, replace the output that has the same `display_id`."""
        output = {"output_type": "display_data", "data": _text_of(data), "metadata": metadata or {}}
        if display_id is not None and display_id in self._shown and update:
            self.items[self._shown[display_id]] = self._within_limits(output)
            return
        if update:
            return  # as in a notebook: there is nothing to update
        self._cleared()
        self._add(self._within_limits(output))
        if display_id is not None:
            self._shown[display_id] = len(self.items) - 1

    def result(self, count: int, data: dict[str, Any], metadata: dict[str, Any] | None) -> None:
        """Add the value of a cell's last expression."""
        self._cleared()
        output = {
            "output_type": "execute_result",
            "data": _text_of(data),
            "metadata": metadata or {},
            "execution_count": count,
        }
        self._add(self._within_limits(output))

    def error(self, name: str, value: str, traceback: list[str]) -> None:
        """Add an exception; a traceback counts as text."""
        self._text += sum(map(len, traceback)) + len(value)
        if self._text > MOST_TEXT:
            value, traceback = value[:MOST_LINE], [line[:1000] for line in traceback[:10]]
        self._add(error(name, value, traceback))

    def add(self, item: Output) -> None:
        """Add an output that another process sent; every part of it is checked."""
        kind, data, metadata = item.get("output_type"), item.get("data"), item.get("metadata")
        metadata = _plain(metadata) if type(metadata) is dict else {}
        if kind == "stream" and item.get("name") in ("stdout", "stderr"):
            self.write(item["name"], clean(item.get("text")))
        elif kind == "error":
            trace = item.get("traceback")
            lines = [clean(line)[:MOST_LINE] for line in trace] if type(trace) is list else []
            name, value = (clean(item.get(key))[:MOST_LINE] for key in ("ename", "evalue"))
            self.error(name, value, lines[:MOST_OUTPUTS])
        elif kind == "display_data" and type(data) is dict:
            self.display(_plain(data), metadata)
        elif kind == "execute_result" and type(data) is dict:
            count = item.get("execution_count")
            self.result(_plain(count) if type(count) is int else 0, _plain(data), metadata)

    def clear(self, wait: bool = False) -> None:
        """Drop all outputs so far: now, or with `wait` when the next output comes."""
        if wait:
            self._clear_next = True
        else:
            self.items.clear()
            self._shown.clear()

    def _cleared(self) -> None:
        if self._clear_next:
            self._clear_next = False
            self.clear()

    def _add(self, output: Output) -> None:
        if len(self.items) < MOST_OUTPUTS:
            self.items.append(output)

    def _within_limits(self, output: Output) -> Output:
        size = sum(len(str(value)) for value in output["data"].values())
        self._rich += size
        if self._rich > MOST_RICH:
            output["data"] = {"text/plain": f"(left out: {size / 1e6:.1f} MB of output)"}
        return output


def stream(name: str, text: str) -> Output:
    """Return a stream output."""
    return {"output_type": "stream", "name": name, "text": text}


def error(name: str, value: str, traceback: list[str]) -> Output:
    """Return an error output."""
    return {"output_type": "error", "ename": name, "evalue": value, "traceback": traceback}


def as_display(output: Output) -> Output:
    """Return the value of a last expression as a display, which nbgrader takes for no credit."""
    if output["output_type"] != "execute_result":
        return output
    return {"output_type": "display_data", "data": output["data"], "metadata": output["metadata"]}


def within(outputs: list[Output], most: int) -> list[Output]:
    """Return the outputs if they have at most `most` characters.

    Otherwise return a note, with what a grade needs: the error, or the partial credit.
    """
    if size_of(outputs) <= most:
        return outputs
    kept = [
        stream("stdout", f"(left out: this notebook put out more than {MOST_OF_ALL:,} characters)")
    ]
    for output in outputs:
        if output["output_type"] == "error":
            lines = [line[:1000] for line in output["traceback"][:10]]
            kept.append(error(output["ename"][:200], output["evalue"][:1000], lines))
            break
        if _is_number(output):
            kept.append(output)
    return kept


def size_of(outputs: list[Output]) -> int:
    """Return about how many characters the outputs have."""
    return sum(len(str(output)) for output in outputs)


def _is_number(output: Output) -> bool:
    """Whether this output may be a test's partial credit."""
    return output["output_type"] == "execute_result" and size_of([output]) < 1000


def checked(claimed: Any) -> list[Output]:
    """Return the outputs that a candidate claims for a cell, built again piece by piece.

    The claim comes from a process that runs a learner's code. So anything that is not exactly an
    output is left out, the limits hold here as well, and text that cannot be written to a file
    (lone surrogates) is replaced.
    """
    outputs = Outputs()
    if type(claimed) is list:
        for item in claimed[:MOST_OUTPUTS]:
            if type(item) is dict:
                outputs.add(item)
    return outputs.items


def clean(text: Any) -> str:
    """Return text that can be written to any file; anything but text becomes an empty string."""
    if type(text) is not str:
        return ""
    return text.encode("utf-8", "replace").decode()


def _plain(value: Any, depth: int = 0) -> Any:
    """The value with only JSON's types in it; anything else becomes None."""
    if depth > _DEEPEST:
        return None
    if type(value) is str:
        return clean(value)
    if value is None or type(value) is bool:
        return value
    if type(value) is int:  # no page shows a larger one, and Python writes none of 4300 digits
        return value if -LARGEST_INT < value < LARGEST_INT else 0
    if type(value) is float:
        return value if math.isfinite(value) else None
    if type(value) in (list, tuple):
        return [_plain(item, depth + 1) for item in value]
    if type(value) is dict:
        return {clean(key): _plain(item, depth + 1) for key, item in value.items()}
    return None


def _text_of(data: dict[str, Any]) -> dict[str, Any]:
    """The data with bytes as base64 text: IPython's formatters return pictures as bytes."""
    return {
        str(mime): base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for mime, value in data.items()
    }
