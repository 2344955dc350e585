"""`python3 -m autograder VERB`: looks at the version of Python, then hands over to `cli`.

This file parses on Python 2.7, so that an old interpreter says what is needed instead of showing a
SyntaxError. The verbs themselves are in `cli.py`, which is free to use today's Python.
"""

import sys

from autograder.environment.pythons import OLDEST, RANGE

TOO_OLD = (
    "Unblocked needs %s, and this is Python %d.%d (%s): "
    "start it with one of these, for instance `python3.12 -m autograder lab`.\n"
)

if __name__ == "__main__":
    if sys.version_info < OLDEST:
        sys.stderr.write(
            TOO_OLD % (RANGE, sys.version_info[0], sys.version_info[1], sys.executable)
        )
        sys.exit(2)

    from autograder.cli import main

    sys.exit(main(sys.argv[1:]))
