"""What a watched call did, in words and as a picture.

    record.py        Block and Record: plain data, which crosses from process to process
    report.py        Report: what people hold, and the checks that speak in sentences
    timeline.py      the picture, as HTML and as its alternative text
    story.py         what the picture tells: a record made safe to draw, and its sentences
    plot.py          composes the picture of its parts
    canvas.py        ink and paper: the only file that draws with matplotlib
    gateway_log.py   the lines of a gateway's log below the picture

`record` imports the standard library alone; the names of `report` and `record` are loaded when
they are first asked for, so that `monitor` can use the record without the rest.
"""

from __future__ import annotations

import importlib

_RECORD = ("Block", "CallOutcome", "Record")


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    home = "record" if name in _RECORD else "report"
    return getattr(importlib.import_module(f"autograder.report.{home}"), name)
