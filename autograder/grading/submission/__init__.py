"""The notebook that was handed in, and the assignment that it answers.

`intake.py` copies what was handed in, without links. `assignment.py` says which cells an assignment
has, `repair.py` puts a notebook in order, `sanitize.py` takes out what a page could run, and
`evidence.py` keeps what a grade rests on.
"""
