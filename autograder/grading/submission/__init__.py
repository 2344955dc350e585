"""The submitted notebook, and the assignment that it belongs to.

`intake.py` copies a submission and refuses links. `assignment.py` knows which cells an assignment
has, `repair.py` repairs a notebook, `sanitize.py` removes what a page could run, and `evidence.py`
records how a grade was found.
"""
