"""The submitted notebook, and the assignment that it answers.

intake.py       copies a submission, and follows no link
repair.py       gives locked cells our text again
assignment.py   which cells an assignment has; turns a submission into the cells to examine
sanitize.py     takes out of a page what a browser could run
evidence.py     keeps what a grade rests on
"""
