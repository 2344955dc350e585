"""One notebook is examined: cells in, outcomes out.

examine.py           the one function that examines a notebook, whoever asks
cells.py, job.py     what goes in, and what comes out   files.py         beside the notebook
fork_server.py       forks examiners and candidates     fork_client.py   asks it to
examiner.py          runs the tests and judges          verdicts.py      what a test's end means
handles.py           the learner's names in a test cell  drivers.py      functions sent over
candidate_proxy.py   the examiner's side of a candidate  witness.py      sees it from outside
candidate.py         runs the learner's cells            shell.py, outputs.py   as IPython does
provenance.py        where and with what it was examined
"""

from __future__ import annotations

import importlib

_CELLS = ("ATTEMPTS", "SECONDS", "MOST_FILES", "Cell", "Examined", "ExaminationFailed", "Seen")


def __getattr__(name: str) -> object:
    if name.startswith("__"):
        raise AttributeError(name)
    home = "cells" if name in _CELLS else "examine"
    return getattr(importlib.import_module(f"autograder.grading.examination.{home}"), name)
