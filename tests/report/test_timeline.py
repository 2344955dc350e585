"""The picture tells the truth, in words and in places, and no run is too odd for it."""

from __future__ import annotations

import base64
import io
import json
import math
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib
import pytest
from example_runs import BEATS, FIVE, bot, cases, crowd
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from PIL import Image
from tries import tries

from autograder.course.author import readme_figure
from autograder.environment import contributor_tools, finding
from autograder.report import timeline
from autograder.report.record import Block, Record

PIXEL = 0.6 / 500  # s: no more than a CSS pixel of a picture of 0.6 s
CASES = cases()


def parts(figure: Figure, gid: str) -> list[Any]:
    """Return the artists of that name, in the order in which they were drawn."""
    return [artist for artist in figure.get_children() if artist.get_gid() == gid]


def texts(figure: Figure) -> list[str]:
    return [text.get_text().replace("\N{NO-BREAK SPACE}", " ") for text in figure.texts]


def boxes(figure: Figure, gid: str) -> list[tuple[float, float]]:
    """Return (start, seconds) of the boxes of that name."""
    found = parts(figure, gid)
    assert all(isinstance(box, Rectangle) for box in found)
    return [(box.get_x(), box.get_width()) for box in found]


def bars(figure: Figure, gid: str) -> list[tuple[float, float]]:
    """Return (start, seconds) of the bars of a lane."""
    (drawn,) = parts(figure, gid)
    assert isinstance(drawn, PolyCollection)
    ends = [path.vertices[:, 0] for path in drawn.get_paths()]
    return [(min(x), max(x) - min(x)) for x in ends]


def height(figure: Figure, artist: Any) -> float:
    """Return how far below the picture's top the middle of an artist is, in CSS pixels."""
    box = artist.get_window_extent(figure.canvas.get_renderer())
    return figure.bbox.height / 2 - (box.y0 + box.y1) / 4


def brightness(color: str) -> float:
    red, green, blue = to_rgb(color)
    return 0.299 * red + 0.587 * green + 0.114 * blue


# -- what is drawn is true -------------------------------------------------------------------------


def test_steps_are_bars_at_their_times_in_the_lane_of_their_task() -> None:
    record = bot()
    figure = timeline.draw(record, 0.1)
    for number, (name, steps) in enumerate(record.lanes):
        drawn = bars(figure, f"steps {number}")
        assert len(drawn) == len(steps), name
        for (start, seconds), (at, length) in zip(steps, drawn, strict=True):
            assert at == pytest.approx(start, abs=1e-9)
            assert length == pytest.approx(max(seconds, 1.3 * PIXEL), abs=PIXEL)
        (label,) = (text for text in figure.texts if text.get_text() == name)
        (lane,) = parts(figure, f"steps {number}")
        middle = lane.get_paths()[0].vertices[:, 1]
        assert height(figure, label) == pytest.approx((min(middle) + max(middle)) / 2, abs=3)


def test_the_block_is_a_hatched_box_of_its_time_in_its_lane_with_length_line_and_code() -> None:
    figure = timeline.draw(bot(), 0.1)
    assert boxes(figure, "block 1") == [(0.12, 0.25)]
    assert parts(figure, "block 1")[0].get_hatch()
    assert "250 ms at line 7: time.sleep(0.25)" in texts(figure)
    assert not any(parts(figure, f"block {lane}") for lane in (0, 2, 3, 4))


def test_victims_show_as_a_gap_under_the_band_of_the_block() -> None:
    figure = timeline.draw(bot(), 0.1)
    assert boxes(figure, "band") == [(0.12, 0.25)]
    for lane in (2, 3, 4):
        inside = [at for at, _ in bars(figure, f"steps {lane}") if 0.12 < at < 0.37]
        assert inside == []


def test_lateness_stands_under_its_ticks_to_scale_with_the_limit() -> None:
    figure = timeline.draw(bot(), 0.1)
    (strip,) = parts(figure, "lateness")
    outline = max(strip.get_paths(), key=lambda path: path.get_extents().height).vertices
    foot, peak = max(outline[:, 1]), min(outline[:, 1])
    (limit,) = parts(figure, "limit")
    assert (foot - limit.get_ydata()[0]) / (foot - peak) == pytest.approx(0.1 / 0.25, abs=0.01)
    top = outline[outline[:, 1].argmin()]
    assert top[0] == pytest.approx(0.12, abs=PIXEL)
    assert max(outline[:, 0]) == pytest.approx(0.37, abs=0.01)
    assert {"limit 100 ms", "250 ms late"} <= set(texts(figure))


def test_only_what_the_code_did_is_dark_and_what_the_machine_took_is_dotted_and_pale() -> None:
    figure = timeline.draw(CASES["noise after a block"][0], 0.1)
    assert boxes(figure, "block 1") == [(0.12, 0.25)]
    # the probe knows how much of a pass the machine took: it is drawn behind the block
    assert boxes(figure, "noise") == [pytest.approx((0.37, 0.08)), pytest.approx((0.48, 0.03))]
    dots, held = parts(figure, "taken 1")[0], parts(figure, "block 1")[0]
    assert "." in dots.get_hatch()
    assert "/" in held.get_hatch()
    (dark,) = parts(figure, "over the limit")
    assert max(max(path.vertices[:, 0]) for path in dark.get_paths()) <= 0.37 + PIXEL
    starved = timeline.draw(CASES["noise alone"][0], 0.1)
    assert parts(starved, "over the limit") == []
    assert "other work on the machine took 250 ms" in " ".join(texts(starved))


def test_without_colours_block_step_and_noise_still_differ() -> None:
    from autograder.report import plot

    darkness = [brightness(c) for c in (plot.BLOCK, plot.STEP, plot.LATE)]
    darkness += [brightness(plot.TAKEN.face), brightness(plot.BAND.face)]
    gaps = [brighter - darker for darker, brighter in pairwise(darkness)]
    assert min(gaps[:3]) > 0.15
    assert len({look.hatch for look in (plot.HELD, plot.TAKEN, plot.BAND)}) == 3


def test_a_limit_judges_as_the_report_does() -> None:
    exactly = bot(holds=[(0.1, 0.1)])
    assert parts(timeline.draw(exactly, 0.1), "band")
    assert not parts(timeline.draw(exactly, 0.101), "band")
    assert parts(timeline.draw(exactly), "band"), "without a limit every block shown is a block"


def test_of_many_blocks_the_three_longest_are_labelled() -> None:
    labels = [t for t in texts(timeline.draw(CASES["five blocks"][0], 0.1)) if " at line " in t]
    assert sorted(label[:6] for label in labels) == ["180 ms", "200 ms", "250 ms"]
    assert len(parts(timeline.draw(CASES["five blocks"][0], 0.1), "block 1")) == len(FIVE)


def test_labels_that_would_clash_lose_their_code_and_then_give_way_to_the_longest() -> None:
    def labels(case: str, width: int) -> list[str]:
        drawn = texts(timeline.draw(CASES[case][0], 0.1, width=width))
        return [text for text in drawn if " at line " in text]

    narrow = labels("five blocks", timeline.NARROW)
    assert sorted(narrow) == ["180 ms at line 6", "200 ms at line 4", narrow[0]]
    assert narrow[0].startswith("250 ms at line 7: time.sleep(0.25)")
    assert labels("a minute of hard work", timeline.WIDE) == ["200 ms at line 7: time.sleep(0.2)"]


def test_a_block_that_is_no_step_of_a_task_is_shown_on_the_loop_itself() -> None:
    figure = timeline.draw(CASES["many small steps in one pass"][0], 0.05)
    assert "event loop" in texts(figure)
    assert boxes(figure, "block 0") == [(0.1, 0.1)]


def test_tasks_of_one_name_that_never_overlap_share_a_lane() -> None:
    beats = [("Gateway.send_heartbeat", [(n / 10, 0.001)]) for n in range(5)]
    workers = [("work", [(0.0, 0.001), (0.4, 0.001)]), ("work", [(0.2, 0.001), (0.5, 0.001)])]
    record = bot(lanes=[*beats, *workers], blocks=[], late=[])
    figure = timeline.draw(record)
    assert texts(figure).count("Gateway.send_heartbeat") == 1
    assert texts(figure).count("work") == 2
    assert [round(at, 3) for at, _ in bars(figure, "steps 0")] == [0, 0.1, 0.2, 0.3, 0.4]
    assert len(parts(figure, "life 0")) == 5
    assert "in 7 tasks" in timeline.alt_text(record)


def test_what_libraries_do_for_themselves_shares_the_last_lane_but_not_what_held_the_loop() -> None:
    beats = [("discord: send_heartbeat", [(n / 10, 0.001)]) for n in range(5)]
    wrote = ("aiohttp: write_bytes", [(0.05, 0.001)])
    parsed = ("discord: parse", [(0.3, 0.05)])
    record = bot(lanes=[("life", [(0.0, 0.5)]), *beats, wrote, ("roll", []), parsed], late=[])
    figure = timeline.draw(record)
    shown = texts(figure)
    assert [name for name in shown if name in ("life", "roll", "discord: parse", "libraries")] == [
        *("life", "roll", "discord: parse", "libraries")
    ]
    assert "write_bytes" not in " ".join(shown)
    assert [round(at, 3) for at, _ in bars(figure, "steps 3")] == [0, 0.05, 0.1, 0.2, 0.3, 0.4]
    assert "in 9 tasks" in timeline.alt_text(record)


def test_many_short_steps_are_paler_than_one_long_step() -> None:
    short = [(n / 5000, 0.00004) for n in range(1000)]
    figure = timeline.draw(bot(lanes=[("often", short), ("long", [(0.0, 0.2)])], blocks=[]))
    often, long = (parts(figure, f"steps {lane}")[0].get_facecolors() for lane in (0, 1))
    assert len(often) < 100
    assert often[:, :3].mean() > long[:, :3].mean() + 0.2


def test_heartbeats_kills_and_resumes_are_marks_at_their_times() -> None:
    record, options = CASES["killed"]
    figure = timeline.draw(record, **options)

    def times(gid: str) -> list[float]:
        (marks,) = parts(figure, gid)
        assert isinstance(marks, Line2D)
        return list(marks.get_xdata())

    assert times("on time") == [at for at, _ in BEATS]
    assert times("closed") == [1.1]
    assert times("resumed") == [1.84]
    assert {"closed with 4009 at 1.10 s", "resumed at 1.84 s"} <= set(texts(figure))
    open_line = [(line.get_xdata()[0], line.get_xdata()[1]) for line in parts(figure, "connection")]
    assert open_line == [(0.0, 1.1), (1.84, pytest.approx(2.4))]


def test_the_gateways_log_becomes_beats_and_kills_of_the_run() -> None:
    def event(name: str, at: float, bot: int = 1, **facts: Any) -> dict[str, Any]:
        return {"event": name, "at": 100 + at, "bot": bot, **facts}

    log = [event("listening", -1, 0), event("heartbeat", 0.2, gap=0.2)]
    log += [event("late", 0.5, gap=0.3), event("heartbeat", 0.55, gap=0.35)]
    log += [event("killed", 1.0, code=4009, gap=0.45), event("heartbeat", 1.5, 0, gap=0.0)]
    log += [event("ready", 1.55, bot=2), event("resumed", 1.6), event("killed", 2.0, code=4009)]
    beats, kills = timeline.heard(log, began=100)
    assert beats == [pytest.approx(beat) for beat in [(0.2, 0), (0.55, 0.35), (1.5, 0)]]
    assert kills == [pytest.approx(kill) for kill in [(1.0, 4009, 1.6)]] + [(2.0, 4009, None)]


def test_alt_text_is_two_sentences_with_what_ran_how_long_the_block_and_the_connection() -> None:
    assert timeline.alt_text(bot(), 0.1) == (
        "roll() ran for 600 ms in 5 tasks. The loop was held for 250 ms (limit 100 ms) "
        "at line 7, time.sleep(0.25), from 120 ms to 370 ms."
    )
    record, options = CASES["killed"]
    assert timeline.alt_text(record, **options).endswith(
        "from 0.90 s to 1.80 s; the gateway closed the connection with 4009 at 1.10 s."
    )
    good = timeline.alt_text(bot(holds=[]), 0.1)
    assert good.endswith("tasks. The loop was free: no block of 3 ms or longer (limit 100 ms).")
    assert "up to 250 ms" in timeline.alt_text(CASES["a doubtful block"][0], 0.1)
    assert "not attempted" in timeline.alt_text(CASES["a stub"][0])


# -- no run is too odd -----------------------------------------------------------------------------


def visible(figure: Figure) -> Iterator[tuple[str, Any]]:
    renderer = figure.canvas.get_renderer()
    for text in figure.texts:
        assert isinstance(text, Text)
        yield text.get_text(), text.get_window_extent(renderer)


@pytest.mark.parametrize("width", [timeline.WIDE, timeline.NARROW])
@pytest.mark.parametrize("name", CASES)
def test_every_case_draws_without_warning_and_no_label_overlaps_or_leaves(
    name: str, width: int
) -> None:
    record, options = CASES[name]
    figure = timeline.draw(record, **options, width=width)
    figure.canvas.draw()
    assert all(artist.axes is None for artist in figure.get_children())
    shown = list(visible(figure))
    for number, (text, box) in enumerate(shown):
        assert box.x0 >= 8, text
        assert box.x1 <= 2 * width - 8, text
        assert box.y0 >= 0, text
        assert box.y1 <= figure.bbox.height, text
        for other, its in shown[:number]:
            # the box of a text has room for accents and descenders above and below: 4 CSS pixels
            apart = box.x0 >= its.x1 or its.x0 >= box.x1
            apart = apart or box.y0 >= its.y1 - 8 or its.y0 >= box.y1 - 8
            assert apart, f"{text!r} overlaps {other!r}"
    assert timeline.alt_text(record, **{k: v for k, v in options.items() if k != "title"})


def test_a_dollar_is_a_dollar_and_what_no_font_has_is_a_box() -> None:
    figure = timeline.draw(CASES["strange names"][0], 0.1)
    assert all(not text.get_parse_math() for text in figure.texts)
    assert "$\\alpha_2$ costs_$5" in texts(figure)
    assert "Задача_номер_один" in texts(figure)
    assert not any(re.search(r"[\x00-\x1f]", text) for text in texts(figure))


def test_a_hostile_record_is_drawn_without_what_no_clock_shows() -> None:
    wrong: Any = [
        1,
        ("x",),
        ("x", "y"),
        (None, [(0.0, 0.1), (math.nan, 1.0), ("a", 2), (-1, 1e308)]),
    ]
    record = bot(lanes=wrong, late=[(math.inf, 1.0), (0.0, math.nan)], noise=[(1, 2, 3)])
    of_any_type: Any = ("sleep", 5, "7", None, b"", [math.inf])
    record.blocks += [Block(1e300, math.nan, *of_any_type)]
    record.name, record.seconds = "x" * 10_000_000, math.nan
    figure = timeline.draw(record, 0.1)
    assert len(timeline.as_html(record, 0.1)) < 60_000
    assert bars(figure, "steps 1") == [(0.0, 0.1)]


@pytest.mark.slow
def test_ten_thousand_steps_are_drawn_in_less_than_a_second() -> None:
    for record in (crowd(), crowd(1, 10_000)):
        timeline.draw(bot(), 0.1)  # imports and fonts, once a process
        before = time.process_time()
        figure = timeline.draw(record, 0.1)
        figure.canvas.draw()
        # 0.27 s and 0.13 s of CPU on the machine it was written on; CPU time varies 1.8 times
        assert time.process_time() - before < 1


# -- where it is shown -----------------------------------------------------------------------------


def test_html_is_small_and_stands_alone_with_the_text_escaped() -> None:
    record = bot(blocks=[replace(block, code='print("<b>")') for block in bot().blocks])
    page = timeline.as_html(record, 0.1)
    assert len(page) < 60_000  # 37 kB
    assert 'alt="roll() ran' in page
    assert "print(&quot;&lt;b&gt;&quot;)" in page
    pictures = re.findall(r"data:image/png;base64,([A-Za-z0-9+/=]+)", page)
    sizes = [Image.open(io.BytesIO(base64.b64decode(data))).size for data in pictures]
    assert [width for width, _ in sizes] == [2 * timeline.WIDE, 2 * timeline.NARROW]
    assert re.findall(r'width="(\d+)"', page) == [str(timeline.WIDE), "0"], "if styles are stripped"


@pytest.mark.slow
def test_the_room_and_not_the_window_decides_which_picture_is_seen(tmp_path: Path) -> None:
    if contributor_tools.chromium() is None:
        pytest.skip(finding.reason(contributor_tools.browser()))
    from playwright.sync_api import sync_playwright

    rooms, drawn = [340, 390, 539, 541, 720, 1280], timeline.as_html(bot(), 0.1)
    boxes = [f"<div style='width:{room}px'>{drawn}</div>" for room in rooms]
    (tmp_path / "page.html").write_text("<body style='margin:0'>" + "".join(boxes))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=str(contributor_tools.chromium()), args=["--no-sandbox"]
        )
        tab = browser.new_page(viewport={"width": 1280, "height": 800})
        tab.goto((tmp_path / "page.html").as_uri())
        widths = tab.evaluate("[...document.images].map(i => i.getBoundingClientRect().width)")
        browser.close()
    seen = [(round(wide), round(narrow)) for wide, narrow in zip(*[iter(widths)] * 2, strict=True)]
    assert seen == [(0, 340), (0, 390), (0, 414), (541, 0), (720, 0), (720, 0)]


def run_python(code: str, **environment: str) -> str:
    command = [sys.executable, "-W", "error", "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert result.returncode == 0, result.stderr
    return result.stdout


HERE = {"PYTHONPATH": ":".join(filter(None, sys.path)), "MPLBACKEND": "module://no_such_backend"}


@pytest.mark.slow
def test_a_kernel_cannot_show_it_twice_and_nothing_is_imported_before_it_is_drawn() -> None:
    told = run_python(
        "import sys; from autograder import timeline; from example_runs import bot\n"
        "timeline.alt_text(bot(), 0.1)\n"
        "print('matplotlib' in sys.modules)\n"
        "timeline.as_html(bot(), 0.1)\n"
        "print('matplotlib' in sys.modules, 'matplotlib.pyplot' in sys.modules)\n",
        **HERE,
    )
    assert told.split() == ["False", "True", "False"]


def test_a_learners_own_style_neither_reaches_the_picture_nor_is_lost() -> None:
    usual = timeline.as_html(bot(), 0.1)
    own: dict[str, Any] = {"font.size": 40, "figure.facecolor": "black", "text.usetex": True}
    own |= {"path.sketch": (1, 100, 2), "font.family": "fantasy", "hatch.color": "green"}
    with matplotlib.rc_context(own):
        assert timeline.as_html(bot(), 0.1) == usual
        assert matplotlib.rcParams["font.size"] == 40


# -- the README's picture --------------------------------------------------------------------------


@pytest.mark.slow
def test_the_readmes_picture_is_a_real_run_and_always_the_same_bytes(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    for _ in tries():
        # The sampler needs a CPU during the block to see the line, and other work may spoil the
        # length: it is run again after 1, 2 and 3 s.
        record = readme_figure.record_readme_run(path)
        if record.blocks[0].code and 0.238 < record.blocks[0].seconds < 0.26:
            break
    assert isinstance(record, Record)
    assert record.blocks[0].code == "time.sleep(0.25)"
    assert 0.238 < record.blocks[0].seconds < 0.26
    picture = readme_figure.readme_picture(path)
    assert picture.startswith(b"<?xml")
    for number in ("1", "2"):
        code = (
            "import sys; from pathlib import Path; from autograder import timeline\n"
            f"sys.stdout.write(timeline.readme_picture(Path({str(path)!r})).decode())"
        )
        again = run_python(code, **HERE, PYTHONHASHSEED=number, SOURCE_DATE_EPOCH="0")
        assert again.encode() == picture


def test_the_readmes_picture_of_a_quiet_run_is_small(tmp_path: Path) -> None:
    stored = {"limit": 0.1, "record": bot().to_plain()}
    (tmp_path / "run.json").write_text(json.dumps(stored))
    # 46 kB; the dots of what the machine took would add 200 kB
    assert len(readme_figure.readme_picture(tmp_path / "run.json")) < 60_000


def test_a_stored_run_that_is_not_there_or_no_record_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"):
        readme_figure.readme_picture(tmp_path / "missing.json")
    (tmp_path / "other.json").write_text('{"limit": 0.1, "record": {"late": 3}}')
    with pytest.raises(ValueError, match="record"):
        readme_figure.readme_picture(tmp_path / "other.json")
