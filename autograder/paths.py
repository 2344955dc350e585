"""Where the package and the course's folder are: said once, and used by everything that asks."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(os.path.abspath(__file__)).parent
"""The folder `autograder`, by the path under which Python loaded it: links are not followed, so
that it begins like the file names of our own frames."""

ROOT = PACKAGE.resolve().parent
"""The folder that holds the package, and beside it source/, release/ and work/."""

FIGURES = PACKAGE / "bench" / "figures"
"""What `bench` writes, and README shows."""
