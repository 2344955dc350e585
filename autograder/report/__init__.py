"""What a watched call did, in words and as a chart.

    record.py        Block and Record: plain data, which crosses from process to process
    report.py        Report: what `watch` returns, and its checks, which fail with a message
    timeline.py      the chart, as HTML and as alternative text
    story.py         the content of the chart: a record made safe to draw, and its sentences
    plot.py          the parts of the chart, and how each of them looks
    canvas.py        the page to draw on: the only file that draws with matplotlib
    paper.py         the paper below a picture, which is grey in a dark theme
    gateway_log.py   the gateway's log, as text below the chart

`record` imports only the standard library. The names of `report` and `record` are loaded on first
use, so that `monitor` can use the record without the other modules.
"""

from __future__ import annotations

import importlib

_RECORD = ("Block", "CallOutcome", "Record")


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    home = "record" if name in _RECORD else "report"
    return getattr(importlib.import_module(f"autograder.report.{home}"), name)
