"""`python3 -m autograder VERB`: looks at the version of Python, then hands over to `verbs`.

This file parses on Python 2.7, so that an old interpreter says what is needed instead of showing a
SyntaxError. The verbs themselves are in `verbs.py`, which is free to use today's Python.
"""

import sys

NEEDED = (3, 11)
TOO_OLD = (
    "Unblocked needs Python %d.%d or newer, and this is Python %d.%d (%s): "
    "start it with a newer one, for instance `python3.12 -m autograder lab`.\n"
)

if __name__ == "__main__":
    if sys.version_info < NEEDED:
        sys.stderr.write(TOO_OLD % (NEEDED + tuple(sys.version_info[:2]) + (sys.executable,)))
        sys.exit(2)

    from autograder.verbs import main

    sys.exit(main(sys.argv[1:]))
