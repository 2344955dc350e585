"""The rules for a graded test cell, so that it means the same everywhere.

The same cell runs in the learner's kernel, with the learner's functions, and in the examiner, with
handles, because the functions run in the jailed candidate. That works only if test cells use the
learner's code only through `watch`, and pass it plain data.
"""

from __future__ import annotations

import ast
import builtins
import symtable
import textwrap
from collections.abc import Iterator

from autograder.course.author.lint.code import Finding, dotted
from autograder.course.author.parse import TextCell

BEGIN_HIDDEN, END_HIDDEN = "### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS"
_WATCH = {"watch", "autograder.watch"}
_SIDE_DOORS = {"eval", "exec", "globals", "locals", "vars", "get_ipython", "__import__"}
# They return None, so the cell shows no result; the last two are functions of autograder.testing.
_SAYS_NOTHING = {"print", "display", "right", "wrong"}
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda


def check(cell: TextCell, learners: frozenset[str], given: frozenset[str]) -> Iterator[Finding]:
    """Yield findings about one test cell.

    `learners` are the names that the lab's answer cells define; `given` are the functions of its
    setup cells that return nothing.
    """
    for line, what in _check(cell, learners):
        yield cell.line + line - 1, what
    silent = given | silent_functions(cell.tree) | _SAYS_NOTHING
    for line, what in _bare_end(cell, silent):
        yield cell.line + line - 1, what


def hidden(cell: TextCell) -> str:
    """Return the text of the hidden regions of a cell."""
    return "\n".join(line for line, inside in _regions(cell.source) if inside)


def visible(cell: TextCell) -> str:
    """Return the text that learners see of a cell; lines keep their numbers."""
    return "\n".join("" if inside else line for line, inside in _regions(cell.source))


def defined(tree: ast.Module) -> set[str]:
    """Return the names that a cell binds at its top level, without imports."""
    names: set[str] = set()
    open_nodes: list[ast.AST] = list(tree.body)
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, ast.Lambda | _COMPREHENSIONS):
            open_nodes += ast.iter_child_nodes(node)
    return names


def imported(tree: ast.Module) -> set[str]:
    """The names that the imports of a cell bind at its top level."""
    return {
        (alias.asname or alias.name).partition(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }


def needed(cell: TextCell) -> set[str]:
    """Return the names that a cell takes from the notebook, as it runs or later in its functions.

    A name that the cell itself defines counts if one of its functions uses it. The function looks
    the name up when it is called, and by then another cell may have bound it again. In a test cell
    such a name does not count, because the cell runs as a whole.
    """
    at_once = {node.id for node in _loaded(cell.tree, frozenset())}
    own = defined(cell.tree)
    # Each scope alone: since Python 3.14 `symtable` refuses a cell that awaits at its top level.
    tables = [symtable.symtable(ast.unparse(scope), "cell", "exec") for scope in _scopes(cell.tree)]
    inner = [child for table in tables for child in table.get_children()]
    later = set[str]().union(*(_free_names(child) for child in inner))
    return (at_once | later) - own if cell.role == "test" else (at_once - own) | later


def _scopes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the outermost functions, lambdas and classes of a cell."""
    for inner in ast.iter_child_nodes(node):
        if isinstance(inner, _SCOPES):
            yield inner
        else:
            yield from _scopes(inner)


def silent_functions(tree: ast.Module) -> frozenset[str]:
    """Return the functions of a cell that return None, so that a call shows nothing."""
    found = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not any(
            isinstance(inner, ast.Return | ast.Yield | ast.YieldFrom) and inner.value is not None
            for inner in ast.walk(node)
        ):
            found.add(node.name)
    return frozenset(found)


def _check(cell: TextCell, learners: frozenset[str]) -> Iterator[Finding]:
    calls = [node for node in ast.walk(cell.tree) if isinstance(node, ast.Call)]
    watched = [call.args[0] for call in calls if dotted(call.func) in _WATCH and call.args]
    if not watched:
        yield 1, "the cell never calls `watch`, so its points are for nothing; watch the answer."
    given = [_function_given(node) for node in watched]
    names = {node.id for node in given if node is not None}
    functions = [
        node
        for node in ast.walk(cell.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    drivers = [node for node in functions if node.name in names]
    exempt = {id(node) for node in given} | {
        id(inner) for driver in drivers for inner in ast.walk(driver)
    }
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.Name) and id(node) not in exempt:
            if node.id in learners:
                yield (
                    node.lineno,
                    f"`{node.id}` is learner code, and a test touches it only as the first "
                    "argument of `watch`, in `functools.partial` given to it, or in a driver.",
                )
            elif node.id in _SIDE_DOORS:
                yield node.lineno, f"`{node.id}` goes around `watch`; say it without."
        if isinstance(node, ast.Assert) and node.msg is None and id(node) not in exempt:
            yield (
                node.lineno,
                "this `assert` says nothing when it fails; add a sentence: what ran, what "
                "happened, what the contract says, where to look.",
            )
    for driver in drivers:
        yield from _check_driver(driver, cell.python, learners)


def _function_given(argument: ast.expr) -> ast.Name | None:
    """Return the name in `watch(name)` or `watch(partial(name, ...))`."""
    if isinstance(argument, ast.Call) and argument.args:
        if dotted(argument.func) not in ("partial", "functools.partial"):
            return None
        argument = argument.args[0]
    return argument if isinstance(argument, ast.Name) else None


def _check_driver(
    driver: ast.FunctionDef | ast.AsyncFunctionDef, source: str, learners: frozenset[str]
) -> Iterator[Finding]:
    """Check a driver: it is sent to the candidate as text, and must not know what is expected."""
    if isinstance(driver, ast.FunctionDef):
        yield driver.lineno, f"the driver `{driver.name}` must be an `async def`."
    text = textwrap.dedent(ast.get_source_segment(source, driver, padded=True) or "")
    tables = symtable.symtable(text, "driver", "exec").get_children()
    # By name: since Python 3.14 the first table may be the one of the annotations.
    free = _free_names(next(table for table in tables if table.get_name() == driver.name))
    allowed = learners | set(dir(builtins)) | {driver.name}
    for name in sorted(free - allowed):
        yield (
            driver.lineno,
            f"the driver `{driver.name}` uses `{name}`, which the candidate does not have; import "
            "it inside the driver, or give it as an argument.",
        )
    for node in ast.walk(driver):
        if isinstance(node, ast.Assert):
            yield (
                node.lineno,
                f"the driver `{driver.name}` gives a verdict; let it return what happened, and "
                "judge that in the test cell.",
            )


def _loaded(node: ast.AST, hidden: frozenset[str]) -> Iterator[ast.Name]:
    """Yield the names that are looked up while this code runs.

    The variables of comprehensions (`hidden`) and the bodies of functions are left out.
    """
    if isinstance(node, ast.Name):
        if isinstance(node.ctx, ast.Load) and node.id not in hidden:
            yield node
        return
    parts: list[ast.AST] = list(ast.iter_child_nodes(node))
    if isinstance(node, ast.Lambda):
        return
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        parts = [*node.decorator_list, *node.args.defaults]
        parts += [default for default in node.args.kw_defaults if default]
    elif isinstance(node, _COMPREHENSIONS):
        targets = [inner for one in node.generators for inner in ast.walk(one.target)]
        hidden |= {inner.id for inner in targets if isinstance(inner, ast.Name)}
    for part in parts:
        yield from _loaded(part, hidden)


def _free_names(table: symtable.SymbolTable) -> set[str]:
    free = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_global()}
    for child in table.get_children():
        free |= _free_names(child)
    return free


def _bare_end(cell: TextCell, silent: frozenset[str]) -> Iterator[Finding]:
    """Find a cell that ends in a value which the notebook shows.

    nbgrader takes a number in the last line of a test cell for partial credit, and any other shown
    value for full points.
    """
    for source in dict.fromkeys((cell.python, visible(cell))):
        try:
            body = ast.parse(source).body
        except SyntaxError:  # the visible part of a cell with magics
            continue
        last = body[-1] if body else None
        if not isinstance(last, ast.Expr) or last.end_lineno is None:
            continue
        called = last.value.value if isinstance(last.value, ast.Await) else last.value
        if isinstance(called, ast.Call) and dotted(called.func) in silent:
            continue
        line = source.splitlines()[last.end_lineno - 1].encode()
        if not line[last.end_col_offset :].strip().startswith(b";"):
            yield (
                last.lineno,
                "the cell ends in a bare expression, which nbgrader reads as partial credit; "
                "end the line with `;`, or use `display(...)`.",
            )
            return


def _regions(source: str) -> Iterator[tuple[str, bool]]:
    inside = False
    for line in source.splitlines():
        starts = BEGIN_HIDDEN.strip("# ") in line
        ends = END_HIDDEN.strip("# ") in line
        inside = inside or starts
        yield ("" if starts or ends else line), inside
        inside = inside and not ends
