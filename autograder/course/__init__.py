"""The course: units, the notebooks made of them, and what learners and authors do with both.

    notebook.py             what a notebook is, a cell's source and name, whose exercise it is
    unit.py                 what a unit is, and where its files are
    store.py                the small JSON files below work/.unblocked
    jupyterlab_server.py    the verb `lab`: JupyterLab with the start page
    learner/                predict and recall, progress, compare, show, copies in work/, backups
    author/                 source/ -> notebooks/, release/; the lint; the suite of `test`

A unit goes one way: `author/parse` reads source/NN/*.py, `author/render` makes notebooks,
`author/release` has nbgrader make the lab without answers, `author/build` writes all of it.
Learners work on copies that `learner/copies` makes.
"""
