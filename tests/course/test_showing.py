"""`show`: a chart that can be seen, or read aloud."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

import IPython.display
import matplotlib as mpl
import pytest
from matplotlib import pyplot

from autograder import show


@pytest.fixture(autouse=True)
def no_window() -> Iterator[None]:
    with mpl.rc_context({"backend": "agg"}):
        yield
    pyplot.close("all")


def test_a_chart_is_shown_once_with_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []
    monkeypatch.setattr(IPython.display, "display", shown.append)
    figure, _ = pyplot.subplots(figsize=(2, 1))
    show(figure, 'Waits: "ada" < bo.')
    (picture,) = shown
    page = picture._repr_html_()
    assert 'alt="Waits: &quot;ada&quot; &lt; bo."' in page
    (data,) = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)
    assert base64.b64decode(data).startswith(b"\x89PNG")
    assert not pyplot.get_fignums()  # an open one would be shown again, without words


def test_where_there_is_only_text_the_words_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show(pyplot.figure(figsize=(2, 1)), "ada waits 0.3 s, bo 0.1 s.")
    assert capsys.readouterr().out == "ada waits 0.3 s, bo 0.1 s.\n"


def test_a_chart_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="wants a sentence"):
        show(pyplot.figure(figsize=(2, 1)), " ")
