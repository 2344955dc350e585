"""What the course needs on this machine: its installation, and what `doctor` looks for.

    bootstrap.py           makes `.venv` and runs the command in it
    installers.py          the commands of pip and uv
    requirements.py        what must be installed, for learners and for contributors
    install_progress.py    shows how far an installation is
    finding.py             one line of `doctor`
    contributor_tools.py   looks for programs that only contributors need
    pythons.py             the versions of Python that the course runs on
    user_name.py           gives a name to the user whom a container knows by number only
    light_imports.py       leaves out a library that makes each start a second longer

These modules need only the standard library, because they run before the packages are installed.
"""
