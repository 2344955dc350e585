"""One sentence in place of a bare NameError, when a cell runs before the cells that it needs.

After a restart of the kernel a test cell alone finds neither `watch` nor what the given cells above
it define, and before the answer's cell it does not find the answer. Nothing of ours is imported
then, so every kernel of the course's Python loads this extension of IPython when it starts: the
file ipython_kernel_config.json, in `etc/ipython` of that Python, names it.

Jupyter's server tells each kernel the notebook's path. The sentence is for names that a cell above
defines, in the notebook as it was last saved. For all other names IPython shows what it always
does.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

from autograder.course import notebook

_OWN_NAMES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)


def load_ipython_extension(shell: Any) -> None:
    """Have IPython's `shell` explain a NameError; IPython calls this."""
    shell.set_custom_exc((NameError,), _shown)


def sentence(
    cells: list[notebook.Cell], source: str, name: str, plain: Callable[[str], str]
) -> str:
    """Return what to run before the cell with this source, or "" if no cell above defines `name`.

    `plain` makes Python of the source of a cell, in which there may be magics.
    """
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    sources = [notebook.source(cell) for cell in code]
    if source not in sources:
        return ""
    above = code[: sources.index(source)]
    defining = [cell for cell in above if name in _defined(plain(notebook.source(cell)))]
    if not defining:
        return ""
    if notebook.graded(defining[0]).get("solution"):
        return f"`{name}` is not defined: first run your answer above, which must raise no error."
    return (
        f"`{name}` is not defined: first run the cells above this one (menu Run, then "
        f"Run All Above Selected Cell)."
    )


def _shown(
    shell: Any,
    kind: type[NameError],
    error: NameError,
    trace: TracebackType,
    tb_offset: int | None = None,
) -> None:
    if said := _said(shell, error, trace):
        error._render_traceback_ = lambda: [f"{kind.__name__}: {said}"]  # type: ignore[attr-defined]
    shell.showtraceback((kind, error, trace), tb_offset=tb_offset)


def _said(shell: Any, error: NameError, trace: TracebackType) -> str:
    while trace.tb_next is not None:
        trace = trace.tb_next
    name = error.name or ""
    if trace.tb_frame.f_globals is not shell.user_ns or name in shell.user_ns:
        return ""  # it is a name of some module, or a local variable
    try:
        saved = Path(os.environ.get("JPY_SESSION_NAME", "")).read_bytes()
        cells = notebook.loads(saved)["cells"]
    except (OSError, notebook.NotANotebook):
        return ""
    source = shell.history_manager.input_hist_raw[-1]
    return sentence(cells, source, name, shell.transform_cell)


def _defined(source: str) -> set[str]:
    try:
        return set(_bound(ast.parse(source)))
    except (SyntaxError, ValueError):
        return set()


def _bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that a node binds, but not what is local to a function or class in it."""
    for part in ast.iter_child_nodes(node):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store):
            yield part.id
        elif isinstance(part, ast.alias):
            yield (part.asname or part.name).partition(".")[0]
        elif isinstance(part, _OWN_NAMES):
            yield getattr(part, "name", "")
            continue
        yield from _bound(part)
