"""The live log beside the notebook, in a real Chromium: it moves while the learner's code blocks.

One `lab` and one browser serve the whole file. Times are the gateway's own (`at`, the clock that
all processes of a machine share) against the moment at which the line was in the page.
"""

from __future__ import annotations

import json
import time
import urllib.error
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from browsing import chromium, keep, open_notebook
from playwright.sync_api import Page
from running_lab import Lab, clone_into, lab

from autograder.environment import contributor_tools, finding

pytestmark = [
    pytest.mark.slow,  # Chromium and JupyterLab need about 10 s
    pytest.mark.timeout(240),
    pytest.mark.skipif(
        contributor_tools.browser().missing, reason=finding.reason(contributor_tools.browser())
    ),
]

SHOWN_WITHIN = 0.5  # seconds from the event to its line; 5-40 ms on two idle cores

HEART = ".jp-SideBar.jp-mod-right [data-id=unblocked-live-log]"  # opens and closes the panel

LINE = ".unblocked-log li[data-event={}]"

# An error ends a Run All: cells that are queued already are not run.
ERRORS = ".jp-OutputArea-output[data-mime-type='application/vnd.jupyter.stderr']"

BOT = """
import asyncio, time
import discord
from discord.ext import commands
from autograder import watch, world

servers = await world.start()
"""

# What unit 03 does in `evening`, once: ada's command holds the loop for 0.9 s.
EVENING = """
gw = await servers.gateway(heartbeat=0.2, grace=2)
world.point(gw)
bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)

@bot.command()
async def roll(ctx):
    time.sleep(0.9)
    await ctx.send("7")

@bot.command()
async def goodnight(ctx):  # on the bot's own loop: from another one, closing ends in an error
    await bot.close()

async def bot_life():
    async with bot:
        await bot.start(gw.token)

async def people():
    await gw.until(ready=1)
    await asyncio.sleep(1)
    await gw.say("!roll")
    await gw.until(resumes=1, replies=1)
    await asyncio.sleep(1)
    await gw.say("!goodnight")

report, _ = await asyncio.gather(watch(bot_life, timeout=30), people())
"""

QUIET = """
gw = await servers.gateway(heartbeat=30, grace=2)
print("started")
"""

# Notes each line when it is in the page, and what the cell's prompt said then.
NOTE_LINES = """() => {
  window.noted = [];
  const list = document.querySelector('.unblocked-log ol');
  new MutationObserver(changes => changes.forEach(change => change.addedNodes.forEach(row => {
    const prompts = [...document.querySelectorAll('.jp-InputPrompt')].map(it => it.textContent);
    window.noted.push({event: row.dataset.event, at: +row.dataset.at, wall: Date.now() / 1000,
                       running: prompts.includes('[*]:')});
  }))).observe(list, {childList: true});
}"""

# The lowest contrast of the panel's visible text, and where; WCAG 2.1's formula.
CONTRASTS = """() => {
  const rgb = colour => colour.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const over = ([r, g, b, a = 1], below) => [r, g, b].map((c, i) => c * a + below[i] * (1 - a));
  const back = node => {
    const own = rgb(getComputedStyle(node).backgroundColor);
    return own[3] === 0 || own[3] < 1 ? over(own, back(node.parentElement)) : own;
  };
  const found = [];
  for (const node of document.querySelectorAll('.unblocked-log *')) {
    const text = [...node.childNodes].filter(it => it.nodeType === 3).map(it => it.data).join('');
    if (!text.trim() || !node.offsetParent || node.closest('.news')) continue;
    const below = back(node);
    const front = over(rgb(getComputedStyle(node).color), below);
    const [high, low] = [light(front), light(below)].sort((a, b) => b - a);
    found.push([(high + 0.05) / (low + 0.05), text.trim()]);
  }
  return found.sort((a, b) => a[0] - b[0]);
}"""


@dataclass
class Desk:
    """A browser before a running `lab`, and where its notebooks are."""

    page: Page
    lab: Lab
    root: Path

    def open(self, name: str, *sources: str) -> None:
        """Write a notebook into work/ and open it."""
        cells = [nbformat.v4.new_code_cell(source.strip()) for source in sources]
        kernel = {"name": "python3", "display_name": "Python 3 (ipykernel)"}
        notebook = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(notebook, self.root / "work" / name)
        open_notebook(self.page, self.lab, f"work/{name}")

    def run_all(self) -> None:
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def expect(self, sentence: str, seconds: float = 20) -> None:
        self.page.locator(".unblocked-log").get_by_text(sentence).first.wait_for(
            timeout=seconds * 1000
        )

    def await_layout(self, right: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until JupyterLab has written down what is open; it takes its time."""
        for _ in range(200):
            workspace = json.loads(self.lab.ask("/lab/api/workspaces/default"))
            layout = workspace["data"].get("layout-restorer:data")
            if layout and right(layout):
                return
            self.page.wait_for_timeout(100)
        raise AssertionError("JupyterLab did not write down its layout")

    def kernels(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.lab.ask("/api/kernels"))
        return found


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("live_log")
    root = clone_into(folder / "clone")
    outside: list[str] = []
    with lab(root, folder) as running, chromium(folder / "profile", outside) as page:
        yield Desk(page, running, root)
    assert not outside


def test_the_lesson_of_unit_03_opens_with_the_log_at_its_right_once(desk: Desk) -> None:
    open_notebook(desk.page, desk.lab, "work/03_gateway/03_gateway_lesson.ipynb")
    desk.expect("No gateway is running.")
    desk.expect("Run a cell that starts a gateway")
    panel = desk.page.locator(".unblocked-log").bounding_box()
    lesson = desk.page.locator(".jp-Notebook").bounding_box()
    assert panel is not None
    assert lesson is not None
    assert lesson["width"] > 500
    assert panel["x"] >= lesson["x"] + lesson["width"]
    # Who closes it has closed it, as the next test finds.
    desk.page.locator(HEART).click()
    desk.await_layout(lambda layout: layout["right"]["collapsed"])


def test_it_shows_the_block_while_the_cell_blocks_and_the_resume_after_it(desk: Desk) -> None:
    desk.open("blocked.ipynb", BOT, EVENING)
    assert not desk.page.locator(".unblocked-log").is_visible()
    desk.page.locator(HEART).click()
    desk.expect("No gateway is running.")
    desk.page.evaluate(NOTE_LINES)
    desk.run_all()
    desk.page.locator(LINE.format("killed")).wait_for(timeout=60_000)
    keep(desk.page, "live_log_blocked")
    desk.page.locator(LINE.format("closed")).wait_for(timeout=30_000)
    desk.page.locator(".jp-InputPrompt", has_text="[2]:").wait_for(timeout=30_000)
    assert desk.page.locator(ERRORS).all_inner_texts() == []
    noted = {line["event"]: line for line in desk.page.evaluate("window.noted")}
    wall = time.time() - time.monotonic()
    behind = {name: noted[name]["wall"] - wall - noted[name]["at"] for name in noted if name}
    print({name: f"{seconds * 1000:.0f} ms" for name, seconds in behind.items()})
    for event in ("late", "killed", "resumed"):
        assert -0.05 < behind[event] < SHOWN_WITHIN
        assert noted[event]["running"]
    block_ended = noted["reply"]["at"]
    assert noted["killed"]["wall"] - wall < block_ended


def test_it_can_be_read_in_the_light_and_in_the_dark(desk: Desk) -> None:
    lowest, text = desk.page.evaluate(CONTRASTS)[0]
    assert lowest >= 4.5, text
    desk.page.keyboard.press("Control+Shift+c")
    desk.page.keyboard.type("JupyterLab Dark")
    desk.page.keyboard.press("Enter")
    desk.page.locator("body[data-jp-theme-light=false]").wait_for(state="attached")
    desk.page.set_viewport_size({"width": 1280, "height": 500})
    desk.run_all()
    desk.page.locator(LINE.format("resumed")).nth(1).wait_for(timeout=60_000)
    below = "log => log.scrollHeight - log.scrollTop - log.clientHeight"
    assert desk.page.locator(".unblocked-log .past").evaluate(below) < 2  # the newest is in sight
    desk.page.set_viewport_size({"width": 1280, "height": 900})
    keep(desk.page, "live_log_dark")
    lowest, text = desk.page.evaluate(CONTRASTS)[0]
    assert lowest >= 4.5, text


def test_it_is_shown_to_nobody_else(desk: Desk) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        desk.lab.ask("/unblocked/gateway-log", token=False)


def test_it_says_whose_gateway_it_is_and_what_became_of_it(desk: Desk) -> None:
    desk.open("other.ipynb", BOT, QUIET)
    desk.run_all()
    desk.expect("Gateway 1 of other.ipynb")
    choice = desk.page.locator(".unblocked-log select")
    assert choice.input_value() == "other.ipynb"
    choice.select_option("blocked.ipynb")  # which still runs, in the background
    assert desk.page.locator(LINE.format("killed")).first.is_visible()
    assert not desk.page.get_by_text("Gateway 1 of other.ipynb").is_visible()
    keep(desk.page, "live_log_two_notebooks")

    # A page that is loaded again shows what has been.
    desk.page.reload()
    choice.wait_for(timeout=60_000)
    choice.select_option("blocked.ipynb")  # there before the lines, which are told last
    desk.page.locator(LINE.format("killed")).first.wait_for()

    for kernel in desk.kernels():
        desk.lab.ask(f"/api/kernels/{kernel['id']}/restart", method="POST")
    desk.expect("The gateways have ended.")
    desk.page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    desk.run_all()
    desk.expect("A gateway is running")
