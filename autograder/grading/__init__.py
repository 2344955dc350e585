"""From a submitted notebook to points in nbgrader's gradebook.

    commands.py       the commands grade, why and export   check.py    the command check
    tables.py         what they print
    batch/            the submissions of one unit, and where they are examined
    nbgrader/         all that knows nbgrader: its converters, gradebook, feedback, export
    submission/       the submitted notebook: copied, repaired, made harmless; its evidence
    examination/      the examination of one notebook: examiner, candidate, witness, fork server
    jail/             the walls around a candidate
    configuration.py, guarding.py, jupyter/    files outside of the repository name these

Five kinds of process take part. These are their names everywhere in this package:

    worker              `grade`, `check`, or nbgrader: the only one that writes the gradebook
      |                 batch/grade.py, nbgrader/preprocessors.py
      |  a job, by pickle over a socket pair
      v
    slot                one per core (batch/slot.py): examines one notebook at a time
      |                 examination/session.py
      |  "fork an examiner": 5 bytes and descriptors
      v
    fork server         imports everything once, forks, reaps (examination/fork_server.py)
      |
      |-- examiner      holds the tests, judges (examination/examiner.py, verdicts.py)
      |     |
      |     |  cells and calls, as plain data (wire.py); knocks that the loop must answer (witness)
      |     v
      +-- candidate     runs the learner's cells behind the jail's walls (examination/candidate.py)

In `check` and in nbgrader's own converters, one process is both the worker and the slot. Dask has
workers too: here they are always called Dask workers.
"""
