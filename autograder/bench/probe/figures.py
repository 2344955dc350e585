"""Turn what `bench probe` measured into the tables of a markdown file and a chart."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from autograder.bench.probe.overhead import Ratio
from autograder.bench.probe.scores import GROUP, Score, SnippetRun, errors, percentile, score
from autograder.paths import FIGURES

_SAID = {"0": "quiet", "8+mem": "8 hogs and memory", GROUP: "memory group"}
BOUNDS = (0.01, 0.02, 0.05)  # s: limits at which the measured blocks of known length are judged


def tables(
    rows: Sequence[SnippetRun],
    blocks: Sequence[SnippetRun],
    overhead: dict[str, dict[str, Ratio]],
    skipped: dict[str, str],
    conditions: str,
) -> str:
    """Return everything as markdown."""
    loads, detectors = _ordered(rows, "load"), _ordered(rows, "detector")
    parts = [f"# The probe beside its peers\n\n{conditions}\n"]
    parts.append(_verdict_table(rows, loads, detectors))
    parts.append(_line_table(rows, loads, detectors))
    parts.append(_error_table(rows, blocks, loads))
    parts.append(_bound_table(blocks, loads))
    parts.append(_overhead_table(overhead))
    parts.append(_wrong_list(rows, loads))
    parts += [f"Left out: {reason}" for reason in skipped.values()]
    return "\n".join(parts) + "\n"


def write(
    text: str,
    rows: Sequence[SnippetRun],
    blocks: Sequence[SnippetRun],
    overhead: dict[str, dict[str, Ratio]],
) -> list[Path]:
    """Write the table, the chart, and the figures as JSON, of this Python; return the paths."""
    FIGURES.mkdir(exist_ok=True)
    stem = f"probe_{sys.version_info.major}.{sys.version_info.minor}"
    table, chart, plain = (FIGURES / f"{stem}.{end}" for end in ("md", "svg", "json"))
    table.write_text(text)
    _draw(rows, chart)
    loads, detectors = _ordered(rows, "load"), _ordered(rows, "detector")
    figures = {
        "verdicts": {
            load: {
                name: asdict(score(_of(rows, load, name)))
                for name in detectors
                if _of(rows, load, name)
            }
            for load in loads
        },
        "errors": {
            load: {
                name: {f"p{percent}": percentile(found, percent) for percent in (50, 99, 100)}
                for name in _ordered(blocks, "detector")
                if (found := errors(_of(blocks, load, name)))
            }
            for load in loads
        },
        "overhead": {what: {n: asdict(r) for n, r in of.items()} for what, of in overhead.items()},
    }
    plain.write_text(json.dumps(figures, indent=1) + "\n")
    return [table, chart, plain]


def _verdict_table(rows: Sequence[SnippetRun], loads: list[str], detectors: list[str]) -> str:
    lines = [
        "## Verdicts\n",
        "Recall (blocking snippets blamed) / false failures (harmless ones blamed) / inconclusive, "
        "in %; then the snippets that were blamed in one repeat and free in another.\n",
        "| detector | " + " | ".join(map(_said, loads)) + " |",
        "|---|" + "---|" * len(loads),
    ]
    for name in detectors:
        cells = []
        for load in loads:
            of = _of(rows, load, name)
            if not of:
                cells.append("-")
                continue
            s = score(of)
            cell = f"{_pc(s.recall)} / {_pc(s.false_failures)} / {_pc(s.inconclusive)}"
            cells.append(f"{cell}; {s.flips}" + (f", {s.crashes} crashed" if s.crashes else ""))
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _line_table(rows: Sequence[SnippetRun], loads: list[str], detectors: list[str]) -> str:
    lines = [
        "## Lines named right\n",
        "Of the blocking snippets that were blamed, in %.\n",
        "| detector | " + " | ".join(map(_said, loads)) + " |",
        "|---|" + "---|" * len(loads),
    ]
    for name in detectors:
        shares = [score(_of(rows, load, name)).lines for load in loads]
        cells = [_pc(share) if share is not None else "-" for share in shares]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _error_table(rows: Sequence[SnippetRun], blocks: Sequence[SnippetRun], loads: list[str]) -> str:
    lines = [
        "## Error of the measured block\n",
        "Milliseconds, p50 / p99 / max over runs: blocks of 5-100 ms on one thread, and the "
        "snippets of the corpus whose truth is known. What is left as doubt counts as missed.\n",
        "| detector | what | " + " | ".join(map(_said, loads)) + " |",
        "|---|---|" + "---|" * len(loads),
    ]
    for what, those in (("5-100 ms", blocks), ("corpus", rows)):
        for name in _ordered(those, "detector"):
            found = [errors(_of(those, load, name)) for load in loads]
            if any(found):
                cells = [_spread(values) for values in found]
                lines.append(f"| {name} | {what} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _bound_table(blocks: Sequence[SnippetRun], loads: list[str]) -> str:
    lines = [
        "## Wrong verdicts close to a limit\n",
        "Wrong / runs for blocks of 0.5, 0.8, 1.25 and 2 times the limit, all loads together.\n",
        "| detector | limit | 0.5 | 0.8 | 1.25 | 2 |",
        "|---|---|---|---|---|---|",
    ]
    for name in _ordered(blocks, "detector"):
        for bound in BOUNDS:
            cells = []
            for factor in (0.5, 0.8, 1.25, 2):
                of = [
                    row
                    for row in blocks
                    if row.detector == name and row.snippet.endswith(f" {bound * factor * 1000:g}")
                ]
                wrong = sum(((row.seconds or 0.0) >= bound) != (factor > 1) for row in of)
                cells.append(f"{wrong}/{len(of)}")
            lines.append(f"| {name} | {bound * 1000:g} ms | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _overhead_table(overhead: dict[str, dict[str, Ratio]]) -> str:
    lines = [
        "## Cost\n",
        "CPU against the bare loop: median (middle half) of repeats taken in turn.\n",
        "| detector | echo round trip | pass of 50 callbacks |",
        "|---|---|---|",
    ]
    for name in overhead.get("echo", {}):
        cells = []
        for what in ("echo", "callbacks"):
            ratio = overhead[what].get(name)
            cells.append(
                f"{ratio.median:.2f}x ({ratio.low:.2f}-{ratio.high:.2f})" if ratio else "-"
            )
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    for what, of in overhead.items():
        if "probe" in of:
            ours = of["probe"]
            lines.append(f"\nBare {what}: {ours.bare:.1f} us, {ours.repeats} repeats.")
    return "\n".join(lines) + "\n"


def _wrong_list(rows: Sequence[SnippetRun], loads: list[str]) -> str:
    lines = ["## Where the probe was wrong or did not know\n"]
    for load in loads:
        ours = _of(rows, load, "probe")
        if load == GROUP:  # there, "inconclusive" is the right verdict for many of them
            known = [row for row in ours if row.verdict != "inconclusive"]
            if opened := len(ours) - len(known):
                lines.append(f"- {_said(load)}: {opened} of {len(ours)} runs were inconclusive")
            ours = known
        for row in ours:
            right = row.verdict == ("blocked" if row.blocking else "free")
            if not right or row.line_right is False or row.error:
                lines.append(
                    f"- {_said(load)}, `{row.snippet}` ({'blocks' if row.blocking else 'free'}): "
                    f"{row.verdict}, {_ms(row.seconds)} ms, doubt {_ms(row.doubt)} ms, "
                    f"{row.kind} at {row.place} {row.error[:120]}".rstrip()
                )
    return "\n".join(lines if len(lines) > 1 else [*lines, "Nowhere."]) + "\n"


def _draw(rows: Sequence[SnippetRun], path: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    loads, detectors = _ordered(rows, "load"), _ordered(rows, "detector")
    mpl.rcParams["svg.hashsalt"] = "unblocked"  # the same figures give the same file
    figure = Figure(figsize=(9, 3.4), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    panels: tuple[tuple[str, Callable[[Score], float]], ...] = (
        ("harmless code blamed, %", lambda s: 100 * s.false_failures),
        ("blocking code not blamed, or left open, %", lambda s: 100 * (1 - s.recall)),
    )
    width = 0.8 / len(loads)
    for panel, (title, value) in zip(axes, panels, strict=True):
        for n, load in enumerate(loads):
            those = [_of(rows, load, name) for name in detectors]
            heights = [value(score(of)) if of else 0.0 for of in those]
            places = [k + n * width for k in range(len(detectors))]
            shade = 0.85 - 0.7 * n / max(1, len(loads) - 1)
            panel.barh(places, heights, width, label=_said(load), color=str(shade))
        panel.set_title(title, loc="left", fontsize=10)
        panel.set_yticks([k + 0.4 - width / 2 for k in range(len(detectors))], detectors)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0].invert_yaxis()
    axes[1].legend(frameon=False, fontsize=8, loc="upper right")
    figure.savefig(path, metadata={"Date": None})


def _said(load: str) -> str:
    return _SAID.get(load, f"{load} hogs")


def _of(rows: Sequence[SnippetRun], load: str, detector: str) -> list[SnippetRun]:
    return [row for row in rows if row.load == load and row.detector == detector]


def _ordered(rows: Sequence[SnippetRun], attribute: str) -> list[str]:
    return list(dict.fromkeys(str(getattr(row, attribute)) for row in rows))


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    return f"{_ms(percentile(values, 50))} / {_ms(percentile(values, 99))} / {_ms(values[-1])}"


def _pc(share: float) -> str:
    return f"{100 * share:.3g}" if share < 0.9995 else "100"


def _ms(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    return f"{seconds * 1000:.2f}" if seconds < 0.1 else f"{seconds * 1000:.0f}"
