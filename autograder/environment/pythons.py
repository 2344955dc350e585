"""The Pythons that the course was tried with, from the oldest to the newest.

This file parses on Python 2.7, because `__main__` reads it. README, pyproject.toml and CI name the
same Pythons; tests/house/test_github.py compares them.
"""

OLDEST, NEWEST = (3, 11), (3, 15)
RANGE = "Python {}.{} to {}.{}".format(*(OLDEST + NEWEST))
