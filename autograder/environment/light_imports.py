"""Leaves out a library that costs a second of CPU at each start and checks nothing here."""

from __future__ import annotations

import sys


def skip_grammars() -> None:
    """Let nbformat be imported without the grammars of international web addresses.

    jsonschema imports `rfc3987_syntax` where that is installed, which compiles 39 grammars: 1.1 of
    the 1.25 s of CPU that `import nbformat` takes. It serves the formats "iri" and "iri-reference",
    and no schema of a notebook has one. To be called by our own commands, before nbformat is
    imported; never in a learner's kernel, where somebody may want that library.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]
