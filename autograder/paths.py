"""The paths of the package, of the course's folder, and of the figures; other modules use these."""

from __future__ import annotations

import os
from pathlib import Path

PACKAGE = Path(os.path.abspath(__file__)).parent
"""The folder `autograder`, by the path from which Python loaded it. Links are not resolved, because
the file names of our own frames begin with this path."""

ROOT = PACKAGE.resolve().parent
"""The course's folder: it holds the package, source/, release/ and work/."""

FIGURES = PACKAGE / "bench" / "figures"
"""The folder of the figures that `bench` writes and README shows."""
