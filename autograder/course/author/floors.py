"""Checks the floors of autograder/: runs import-linter with the contracts in pyproject.toml.

The suite starts each check with `python -m`, and import-linter's own program does not support that.
"""

from __future__ import annotations

import sys


def main() -> int:
    """Check every contract, and return 0 if all of them hold."""
    from importlinter.cli import lint_imports

    return lint_imports(cache_dir=None)


if __name__ == "__main__":
    sys.exit(main())
