"""From a submitted notebook to points in nbgrader's gradebook.

    commands.py       the verbs grade, why and export      check.py    the verb check
    tables.py         what they print
    batch/            who grades which submissions, and how many at once
    nbgrader/         all that knows nbgrader: its converters, gradebook, feedback, export
    submission/       the handed-in notebook: repaired, made harmless, and its evidence kept
    examination/      one notebook is examined: examiner, candidate, witness, fork server
    jail/             the walls around a candidate
    configuration.py, guarding.py, jupyter/    named by files outside of the repository

Five kinds of process take part:

    worker              `grade`, `check`, or nbgrader: owns the gradebook and the network
      |                 batch/grade.py, nbgrader/preprocessors.py
      |  job, by pickle over a socket of our own
      v
    slot                one a core (batch/worker_process.py): examines one notebook at a time
      |                 examination/session.py
      |  "fork an examiner", 5 bytes and descriptors
      v
    fork server         imports everything once, forks, reaps (examination/fork_server.py)
      |
      |-- examiner      holds the tests, judges (examination/examiner.py, verdicts.py)
      |     |
      |     |  cells and calls, as plain data (wire.py); knocks that the loop must answer (witness)
      |     v
      +-- candidate     runs the learner's cells behind the jail's walls (examination/candidate.py)

In `check` and in nbgrader's own converters the worker is the slot as well.
"""
