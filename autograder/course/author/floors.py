"""Holds the floors of autograder/: runs import-linter with the contracts in pyproject.toml.

import-linter's own program cannot be started with `python -m`, which the suite does with each of
its checks.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Check every contract and return 0 when all are kept."""
    from importlinter.cli import lint_imports

    return lint_imports(cache_dir=None)


if __name__ == "__main__":
    sys.exit(main())
