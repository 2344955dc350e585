"""From the texts in source/ to notebooks and releases, and the checks of their rules.

parse.py, render.py      a text becomes cells, cells become a notebook
release.py, build.py     nbgrader makes the lab without answers; all generated files are written
diff.py                  what a build would change
toolbox.py, badges.py, readme_figure.py    the toolbox; what a build writes for README.md
audit.py, lint/          what learners must not get; the rules for units
answers.py               the answers that prove a lab
suite.py, floors.py      what `test` runs; the import contracts
"""
