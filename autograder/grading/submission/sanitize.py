"""Makes a learner's notebook harmless on the instructor's page: nothing in it can run or mislead.

nbconvert writes Formgrader's page of a submission and the feedback. It copies a cell's HTML,
markdown, Javascript and some metadata into the page unchanged, and the page has the origin of the
instructor's own Jupyter server. Here all of this is reduced to text, tables and pictures: once when
the notebook is graded (`output`, `disarm`), and again when a page is made (`clean` and `markdown`,
which configuration.py installs).
"""

from __future__ import annotations

import html
import mimetypes
import re
from pathlib import Path
from typing import Any

import bleach  # type: ignore[import-untyped]
from jinja2 import pass_context

TAGS = frozenset(
    re.findall(
        r"\w+",
        "a abbr b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i "
        "img kbd li ol p pre s small span strong sub summary sup table tbody td tfoot th thead tr "
        "tt u ul var",
    )
)
# An HTML parser takes 10 ms for 1000 tags, and much more for malicious markup.
_MOST_MARKUP, _MOST_TAGS = 400_000, 5_000  # characters, tags; our pictures have 60,000 characters
# The mime types that a page shows, markup only after `clean`. All others are left out.
_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml")
_TEXTS = ("text/plain", "text/latex", "text/html", "text/markdown")
_DATA = re.compile(r"data:image/(png|jpeg|gif);base64,[A-Za-z0-9+/=\s]+\Z")
# A class could use the page's own styles (`navbar-fixed-top` covers it): allow only pygments' own.
_CLASSES = re.compile(r"(highlight|[a-z]{1,2}[0-9]?)( highlight)?\Z")
# The chart for narrow windows (timeline.as_html): it needs styles, which are removed here.
_NARROW = re.compile(r'<img alt="" aria-hidden="true" width="0"[^>]*>')
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*\Z")
_SUFFIX = ".txt"  # is added to the name of a file that a browser would run


def clean(markup: Any) -> str:
    """Return HTML without anything that could run, load something, or cover the page around it.

    It replaces nbconvert's `clean_html`, which would remove our charts.
    """
    text = markup.decode(errors="replace") if isinstance(markup, bytes) else str(markup)
    if len(text) > _MOST_MARKUP or text.count("<") > _MOST_TAGS:
        return f"<pre>(left out: {len(text):,} characters of markup)</pre>"
    return str(
        bleach.clean(
            _NARROW.sub("", text),
            tags=TAGS,
            attributes=_attribute,
            protocols={"http", "https", "mailto", "data"},
            strip=True,
        )
    )


@pass_context
def markdown(context: Any, source: str) -> str:
    """Return markdown as harmless HTML, or as plain text when it cannot be rendered.

    It replaces nbconvert's `markdown2html`, which raises for a missing attachment: then there
    would be no page at all.
    """
    from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath

    cell = context.get("cell", {})
    if len(source) > _MOST_MARKUP:
        return f"<pre>{html.escape(source[:_MOST_MARKUP])}</pre>"
    try:
        renderer = IPythonRenderer(escape=False, attachments=cell.get("attachments", {}))
        text = MarkdownWithMath(renderer=renderer).render(source)
    except Exception:  # a learner's text can make the parser raise anything
        return f"<pre>{html.escape(source)}</pre>"
    return clean(text)


def output(item: dict[str, Any]) -> dict[str, Any]:
    """Return an output of a cell (as in nbformat) with only the data that a page may show."""
    if "data" not in item:
        return item
    data = {mime: value for mime, value in item["data"].items() if _fits(mime, value)}
    for mime in ("text/html", "text/markdown"):
        if mime in data:
            data[mime] = clean(data[mime])
    if not data:
        kinds = ", ".join(mime for mime in item["data"] if re.fullmatch(r"[\w.+/-]{1,60}", mime))
        data = {"text/plain": f"(left out: {kinds or 'output of no known kind'})"}
    return {**item, "data": data, "metadata": _sizes(item.get("metadata"))}


def file_is_active(path: Path) -> bool:
    """Whether a browser that opens this file would run code in it."""
    kind, _ = mimetypes.guess_type(path.name.lower(), strict=False)
    suffix = path.suffix.lower()
    return (
        suffix in (".html", ".htm", ".xht", ".xhtml", ".shtml", ".svg", ".svgz", ".mht", ".mhtml")
        or kind in ("text/html", "text/xml", "application/xml", "text/xsl", "message/rfc822")
        or (kind or "").endswith("+xml")
    )


def disarm(folder: Path, ours: Path) -> list[str]:
    """Rename the active files in a graded submission; return a sentence for each.

    A file that is equal to the one in `ours` (the unit's folder) keeps its name. Formgrader serves
    every file next to the notebook from the origin of the instructor's Jupyter server.
    """
    sentences = []
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or not path.is_file() or not file_is_active(path):
            continue
        own = ours / path.relative_to(folder)
        if own.is_file() and own.read_bytes() == path.read_bytes():
            continue
        path.rename(path.with_name(path.name + _SUFFIX))
        sentences.append(f"File `{path.name}`: renamed to `{path.name}{_SUFFIX}`, so that no ")
        sentences[-1] += "browser runs it."
    return sentences


def safe_name(name: str) -> bool:
    """Whether a student's name is safe in a page: nbgrader writes it there without escaping."""
    return bool(name) and name.isprintable() and not set(name) & set("<>\"'&`\\")


def _attribute(tag: str, name: str, value: str) -> bool:
    match tag, name:
        case ("img", "src"):
            return bool(_DATA.match(value))
        case ("img", "alt") | (_, "title"):
            return True
        case ("img", "width" | "height") | ("td" | "th", "colspan" | "rowspan"):
            return value.isascii() and value.isdigit() and len(value) < 5
        case ("a", "href"):
            return value.startswith(("http://", "https://", "mailto:", "#"))
        case ("div" | "span" | "pre" | "code", "class"):
            return bool(_CLASSES.match(value))
        case ("details", "open"):
            return True
    return False


def _fits(mime: str, value: Any) -> bool:
    if type(value) is not str:
        return False
    if mime == "image/svg+xml":  # nbconvert and JupyterLab show it as a picture, not as markup
        return "<script" not in value.lower()
    if mime in _PICTURES:
        return bool(_BASE64.match(value))
    return mime in _TEXTS


def _sizes(metadata: Any) -> dict[str, Any]:
    """The sizes of pictures in an output's metadata, as integers.

    nbconvert writes them into the page without quotes.
    """
    kept: dict[str, Any] = {}
    for mime, about in metadata.items() if isinstance(metadata, dict) else ():
        if mime in _PICTURES and isinstance(about, dict):
            sizes = {key: about.get(key) for key in ("width", "height")}
            kept[mime] = {
                key: value for key, value in sizes.items() if type(value) is int and value > 0
            }
    return kept
