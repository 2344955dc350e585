"""An IPython shell without a kernel: cells run as in Jupyter, and their outputs are collected.

As in Jupyter work: display, figures as pictures, magics, `!command`, `%%writefile`, top-level
await, In and Out, and tracebacks. Widgets do not break. `input()` raises an error that says what to
do instead. A shell costs 0.02 s and no sockets; a kernel costs 0.5 s and five sockets (both
measured).
"""

from __future__ import annotations

import builtins
import getpass
import io
import sys
from typing import Any, NoReturn, cast

from IPython.core.autocall import ExitAutocall
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.error import StdinNotImplementedError
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

from autograder import context
from autograder.grading.examination.outputs import Outputs
from autograder.report import timeline


class Shell(InteractiveShell):
    """Runs one cell at a time; `outputs` collects the outputs of the present cell."""

    displayhook_class: Any = Type("autograder.grading.examination.shell.ResultHook")
    display_pub_class: Any = Type("autograder.grading.examination.shell.Publisher")
    compiler_class: Any = Type("autograder.grading.examination.shell.CellCompiler")
    compile: Any

    def __init__(self, **keywords: Any) -> None:
        self.outputs = Outputs()
        super().__init__(**keywords)  # type: ignore[no-untyped-call]

    async def run(self, source: str, name: str = "") -> BaseException | None:
        """Run one cell; return the exception that it raised, or None.

        `name` is the cell's name in messages.
        """
        self.compile.cell_name = name
        transformed, failure = source, None
        try:
            transformed = self.transform_cell(source)  # type: ignore[no-untyped-call]
        except Exception:
            failure = sys.exc_info()
        result = None
        try:
            result = await self.run_cell_async(
                source,
                store_history=True,
                transformed_cell=transformed,
                preprocessing_exc_tuple=failure,
            )
        finally:
            self.settle(result)
        error = result.error_before_exec or result.error_in_exec
        if error is not None and not self._has_error():
            # IPython prints a group of exceptions, and the misuse of a magic, on stderr only
            text = _safe_str(error)
            self.outputs.error(type(error).__name__, text, [f"{type(error).__name__}: {text}"])
        return error if isinstance(error, BaseException) else None

    def settle(self, result: Any = None) -> None:
        """Do what a kernel does after a cell: display the open figures."""
        self.events.trigger("post_execute")
        if result is not None:
            self.events.trigger("post_run_cell", result)

    def take_outputs(self) -> Outputs:
        """Return the collected outputs, and start with none."""
        taken, self.outputs = self.outputs, Outputs()
        return taken

    def enable_gui(self, gui: str | None = None) -> None:
        """Do nothing: `%matplotlib inline` requests a GUI loop, which pictures do not need."""

    def ask_exit(self) -> None:
        """Print a note: `exit` in a cell must not end the process that runs the cells below."""
        print("exit is ignored while a notebook is graded")

    system = InteractiveShell.system_piped  # what a `!command` prints is an output of the cell

    def _showtraceback(self, etype: type[BaseException], evalue: Any, stb: list[str]) -> None:
        self.outputs.error(etype.__name__, _safe_str(evalue), list(stb))

    def _exiter_default(self) -> Any:
        return _Exit(self)  # type: ignore[no-untyped-call]

    def _has_error(self) -> bool:
        return any(output["output_type"] == "error" for output in self.outputs.items)


class _Exit(ExitAutocall):
    """The object behind `exit` and `quit` in a cell."""

    rewrite = False


class CellCompiler(CachingCompiler):
    """Names the code of a cell after its grade_id, in tracebacks and in the verdict."""

    cell_name = ""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        """Return the file name that the code of this cell gets."""
        if not self.cell_name:
            return str(super().get_code_name(raw_code, transformed_code, number))
        name = f"<cell {self.cell_name}>"
        context.this_process.file_names[name] = f"cell {self.cell_name}"
        return name

    def format_code_name(self, name: str) -> tuple[str, str] | None:
        """Return how a traceback shows that file name."""
        if name.startswith("<cell "):
            return "Cell", name[6:-1]
        label: tuple[str, str] | None = super().format_code_name(name)
        return label


class ResultHook(DisplayHook):
    """Collects the value of a cell's last expression."""

    shell: Any

    def write_output_prompt(self) -> None:
        """Do nothing: a notebook shows the prompt itself."""

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        """Collect the value in its formats."""
        self.shell.outputs.result(self.prompt_count, format_dict, md_dict)

    def finish_displayhook(self) -> None:
        """Do not write a blank line, as the base class would."""
        self._is_active = False


class Publisher(DisplayPublisher):
    """Collects what `display` shows."""

    def publish(
        self,
        data: Any,
        metadata: Any = None,
        source: Any = None,
        *,
        transient: Any = None,
        update: bool = False,
        **keywords: Any,
    ) -> None:
        """Collect rich output; IPython has ignored `source` since its version 3."""
        self.shell.outputs.display(data, metadata, (transient or {}).get("display_id"), update)

    def clear_output(self, wait: bool = False) -> None:
        """Drop all outputs so far; see `Outputs.clear`."""
        self.shell.outputs.clear(wait)


class Stream(io.TextIOBase):
    """Stands in for `sys.stdout` or `sys.stderr` while cells run."""

    encoding = "utf-8"
    errors = "replace"

    def __init__(self, shell: Shell, name: str, descriptor: int) -> None:
        self.name = f"<{name}>"
        self._shell, self._kind, self._descriptor = shell, name, descriptor

    def write(self, text: str) -> int:
        """Collect text."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self._shell.outputs.write(self._kind, str(text))
        return len(text)

    def writable(self) -> bool:
        """Return True."""
        return True

    def fileno(self) -> int:
        """Return the descriptor to which programs that a cell starts write."""
        return self._descriptor

    def isatty(self) -> bool:
        """Return False: it is not a terminal."""
        return False


def make() -> Shell:
    """Make the one shell of this process, and use once what is slow the first time."""
    config = Config()
    config.HistoryManager.enabled = False  # its database has a thread, which a fork would lack
    shell = Shell.instance(config=config)
    # submission/sanitize.py drops the narrow picture
    context.become(context.Context(narrow_pictures=False))
    _warm_up(shell)
    return shell


def the_shell() -> Shell:
    """Return the shell that the fork server made for this process."""
    return Shell.instance()


def open_for_cells(shell: Shell) -> None:
    """Send what this process prints to the shell's outputs, and refuse `input()`."""
    sys.stdout = Stream(shell, "stdout", 1)
    sys.stderr = Stream(shell, "stderr", 2)
    builtins.input = _refuse_input  # type: ignore[assignment]
    getpass.getpass = _refuse_input


def _safe_str(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # a learner's own __str__
        return ""


def _refuse_input(prompt: str = "", *_: Any, **__: Any) -> NoReturn:
    raise StdinNotImplementedError(
        "input() does not work while a notebook is graded: take the value as an argument, "
        "or write it into the cell"
    )


def draw() -> None:
    """Draw two pictures: what matplotlib does at the first saves each fork 0.7 s."""
    from matplotlib import pyplot

    from autograder.report.record import Block, Record

    held = Block(0.4, 0.1, "cpu", "cell warm_up", 1, "pass", "warm_up")
    timeline.as_html(Record("warm_up", seconds=1.0, blocks=[held], late=[(0.1, 0.4)]), 0.1)

    figure = pyplot.figure(figsize=(1, 1))
    figure.gca().set_title("0")
    cast(Any, the_shell().display_formatter).format(figure)
    pyplot.close(figure)


def _warm_up(shell: Shell) -> None:
    """Transform a cell and format a traceback (pygments): this saves each fork 0.1 s."""
    shell.transform_cell("x = 1\nx")  # type: ignore[no-untyped-call]
    try:
        raise ValueError
    except ValueError:
        shell.InteractiveTB.structured_traceback(*sys.exc_info())
