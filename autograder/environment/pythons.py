"""The versions of Python that the course is tested with, from the oldest to the newest.

This file runs on Python 2.7, because `__main__` imports it. README, pyproject.toml and CI name the
same versions; tests/house/test_github.py compares them.
"""

OLDEST, NEWEST = (3, 11), (3, 15)
RANGE = "Python {}.{} to {}.{}".format(*(OLDEST + NEWEST))
