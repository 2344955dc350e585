"""How numbers and foreign text are written for people: the same in messages, tables and charts.

It imports only the standard library.
"""

from __future__ import annotations

import html
import re
import shutil
import textwrap
import unicodedata

WIDTH = 100  # columns: a terminal window, a notebook's output, an e-mail
_ROW = re.compile(r"(?:.*\S)?  +(?=\S)")  # of a table, up to its last column
_CONTROL = ("Cc", "Cf", "Cs", "Co")  # Unicode's control characters and their like
_JOINERS = "\u200c\u200d"  # parts of words in some languages, and of pictures


def columns() -> int:
    """Return how wide text for the terminal may be: 100 columns, or less in a narrower terminal."""
    return min(WIDTH, shutil.get_terminal_size((WIDTH, 24)).columns)


def fitted(text: str, width: int) -> str:
    """Return text without lines that are wider than `width`.

    Where a line is a row of a table, with two spaces between its columns, the rest of the row goes
    on below its last column. No word is cut.
    """
    lines = []
    for line in text.splitlines():
        row = _ROW.match(line)
        indent = row.end() if row else 0
        hanging = " " * (indent if indent <= width // 2 + 4 else 4)
        lines += textwrap.wrap(
            line[indent:], width, initial_indent=line[:indent], subsequent_indent=hanging,
            break_long_words=False, break_on_hyphens=False,
        ) or [line]  # fmt: skip
    return "\n".join(lines)


def duration(seconds: float) -> str:
    """Return seconds in one unit, as messages and charts show them: 250 ms, 1.80 s, 12 s."""
    if seconds >= 9.995:
        return f"{seconds:.0f} s"
    if seconds >= 0.9995:
        return f"{seconds:.2f} s"
    ms = seconds * 1000
    return f"{ms:.0f} ms" if ms >= 0.95 else f"{ms:.1f}".removesuffix(".0") + " ms"


def milliseconds(seconds: float) -> str:
    """Return seconds as milliseconds for a column of a table; less than one is "< 1 ms"."""
    return "< 1 ms" if seconds < 0.001 else f"{seconds * 1000:.0f} ms"


def printable(text: object, most: int) -> str:
    """Return one line of at most `most` characters, without control characters or surrogates."""
    line = " ".join(str(text)[: most * 4].split())
    line = "".join(c for c in line if unicodedata.category(c) not in _CONTROL)
    return line if len(line) <= most else line[: most - 1] + "…"


def escaped(text: str) -> str:
    """Return text with every unprintable character written out, as in \\x1b."""
    return "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)


def visible(text: str) -> str:
    """Return text in which control characters are written out, as in \\x1b; line breaks stay.

    A terminal obeys them, and some turn the text around.
    """
    return "".join(
        sign
        if sign in "\n\t"
        or sign in _JOINERS
        or unicodedata.category(sign) not in (*_CONTROL, "Zl", "Zp")
        else repr(sign)[1:-1]
        for sign in text
    )


def prose_as_html(text: str) -> str:
    """Return a text of the course as HTML: escaped, with `code` marked, and lines kept."""
    # Otherwise JupyterLab lets long code run out of a narrow page.
    code = r'<code style="white-space:normal;overflow-wrap:anywhere">\1</code>'
    marked = re.sub(r"`([^`]+)`", code, html.escape(text, quote=False))
    return marked.replace("\n", "<br>")
