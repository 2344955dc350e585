"""`show`: a chart in a lesson, with words for people who cannot see it."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from autograder.report.paper import INK, PAPER

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS = 110  # per inch: our charts, 8 inches wide, then fill the column of JupyterLab


@dataclass(frozen=True)
class _Picture:
    """What a cell shows: the chart, or its words if only text can be shown."""

    png: bytes
    alt: str

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png).decode()
        look, source = f"display:block;max-width:100%;{INK}", f"data:image/png;base64,{data}"
        image = f'<img alt="{html.escape(self.alt)}" style="{look}" src="{source}">'
        return f'<div style="width:fit-content;{PAPER}">{image}</div>'


def show(figure: Figure, alt: str) -> None:
    """Show a pyplot chart, with a sentence that says what it shows, and close it.

    This function exists because the inline backend of notebooks adds no words. Raises ValueError
    when the words are empty.
    """
    if not alt.strip():
        raise ValueError("show(figure, alt) wants a sentence that says what the chart shows")
    from IPython.display import display
    from matplotlib import pyplot

    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=_DOTS, bbox_inches="tight")
    pyplot.close(figure)
    display(_Picture(data.getvalue(), alt))  # type: ignore[no-untyped-call]
