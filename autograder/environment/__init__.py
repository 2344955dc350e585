"""What the course needs on this machine: how it is installed, and what was looked for.

`bootstrap.py` makes `.venv` and goes on in it, `install_progress.py` shows how far an install is,
`finding.py` is one line of `doctor`, `contributor_tools.py` looks for what only contributors need,
`pythons.py` says which Pythons the course runs on.
Until the packages are installed, nothing here imports anything but the standard library.
"""
