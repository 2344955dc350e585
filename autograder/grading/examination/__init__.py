"""The examination of one notebook: cells go in, outcomes come out.

session.py           the one function that examines a notebook
cells.py, job.py     types: what goes in and comes out   files.py        next to the notebook
fork_server.py       forks examiners and candidates      fork_client.py  sends it the requests
examiner.py          runs the tests and judges           verdicts.py     what a test's end means
handles.py           the learner's names in a test cell  drivers.py      functions sent as text
candidate_proxy.py   the examiner's side of a candidate  claims.py       what a candidate says
remote_backend.py    a watched call, asked of a candidate
witness.py           watches a candidate from outside    process_figures.py   what it reads
candidate.py         runs the learner's cells            given.py        what stays ours in it
shell.py, outputs.py   run a cell as IPython does
warming.py           what the fork server imports, and when
provenance.py        the machine and the programs that examined a notebook
"""

from __future__ import annotations

import importlib

_CELLS = (
    "ATTEMPTS",
    "SECONDS",
    "MOST_FILES",
    "Cell",
    "Examined",
    "ExaminationFailed",
    "CellOutcome",
)
_OLD = {"Seen": "CellOutcome"}  # a name of the first edition -> today's


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    name = _OLD.get(name, name)
    home = "cells" if name in _CELLS else "session"
    return getattr(importlib.import_module(f"autograder.grading.examination.{home}"), name)
