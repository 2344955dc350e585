"""The course: units, the notebooks made of them, and what learners and authors do with both.

    notebook.py             what a notebook is, a cell's source and name, whose exercise it is
    unit.py                 what a unit is, and where its files are
    store.py                the small JSON files in work/.unblocked
    jupyterlab_server.py    the command `lab`: JupyterLab with the start page
    learner/                predict and recall, progress, compare, show, copies in work/, backups
    author/                 source/ -> notebooks/, release/; the lint; what `test` runs

A unit is always built in this order: `author/parse` reads source/NN/*.py, `author/render` makes
notebooks, `author/release` has nbgrader make the lab without answers, `author/build` writes all
files.
Learners work on copies that `learner/copies` makes.
"""
