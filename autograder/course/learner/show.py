"""`show`: a chart of a lesson, with words for those who cannot see it."""

from __future__ import annotations

import base64
import html
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DOTS = 110  # an inch: 8 inches, as wide as our charts are, then fill the column of JupyterLab


@dataclass(frozen=True)
class _Picture:
    """What a cell shows: the chart, or its words where there is only text."""

    png: bytes
    alt: str

    def __repr__(self) -> str:
        return self.alt

    def _repr_html_(self) -> str:
        data = base64.b64encode(self.png).decode()
        look = "max-width:100%;background:#fff"
        source = f"data:image/png;base64,{data}"
        return f'<img alt="{html.escape(self.alt)}" style="{look}" src="{source}">'


def show(figure: Figure, alt: str) -> None:
    """Shows a chart of pyplot with the sentence that says what it shows, and closes it.

    The inline backend of notebooks gives a chart no words, hence this function. Raises ValueError
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
