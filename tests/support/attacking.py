"""Examines attacks of tests/hostile/ and prints, as JSON, the layers in force and what each got.

For walls that are missing: `attacking.py FOLDER NAME ...`. Never name an attack here that would
harm somebody where nothing holds it (kills_everybody, fork_bomb, fills_the_disk and the like).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from attacks import FOLDER, cells_of, put_out

from autograder.grading.examination import session

if __name__ == "__main__":
    course, got, layers = Path(sys.argv[1]), {}, []
    for name in sys.argv[2:]:
        cells = cells_of(FOLDER / f"{name}.py", course, "0123")
        own = course / "source" / "90_toy"
        examined = session.examine(cells, own_files=own, seconds=30)
        layers = examined.layers
        said = put_out(cells, examined)
        tests = [examined.seen[cell.index].status for cell in cells if cell.role == "test"]
        got[name] = {"tried": "TRIED" in said, "got": "SUCCEEDED" in said, "tests": tests}
    print(json.dumps([layers, got]))
