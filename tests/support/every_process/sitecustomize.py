"""Runs at the start of each Python that the tests start (conftest.py puts it on the path).

It does what `light_imports.skip_grammars` does: without those grammars, a process that imports
nbformat takes 1.1 s of CPU less. The tests start some sixty of them.
"""

import sys

sys.modules.setdefault("rfc3987_syntax", None)
