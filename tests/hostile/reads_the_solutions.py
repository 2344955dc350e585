# The unit's own notebook, with solutions and hidden tests, is read.

# %%
import os
from pathlib import Path

for place in (Path(COURSE), *Path.cwd().parents, *Path(watch.__code__.co_filename).parents):
    for path in (place / "source", place / "release", place / "tests"):
        try:
            if os.listdir(path):
                succeeded(f"sees {path}")
        except OSError:
            pass
tried()
