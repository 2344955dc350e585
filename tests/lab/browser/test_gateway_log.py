"""The live log beside the notebook, in a real Chromium: it moves while the learner's code blocks.

Times are the gateway's own (`at`, the clock that all processes of a machine share) against the
moment at which the line was in the page.
"""

from __future__ import annotations

import json
import time
import urllib.error

import pytest
from browser_course import HEART, LOG, TRY, Course, paint
from browsing import WINDOW, keep, press

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

# What unit 03 does in `evening`, once. Ada's command holds the loop for so long that the line of
# the kill is in the page before it ends, also on a busy machine: it takes 5 to 40 ms on a free one.
EVENING = """
gw = await servers.gateway(heartbeat=0.2, grace=2)
world.point(gw)
bot = commands.Bot("!", intents=discord.Intents.all(), help_command=None)

@bot.command()
async def roll(ctx):
    time.sleep(3)
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
    await asyncio.sleep(2)
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


def test_it_shows_the_block_while_the_cell_blocks_and_the_resume_after_it(course: Course) -> None:
    page = course.page
    course.open(course.write(f"{TRY}/blocked.ipynb", BOT, EVENING))
    assert not page.locator(LOG).is_visible()
    page.locator(HEART).click()
    course.expect_log("No gateway is running.")
    page.evaluate(NOTE_LINES)
    press(page, "Run", "Run All Cells")
    page.locator(LINE.format("killed")).first.wait_for(timeout=60_000)
    keep(page, "live_log_blocked")
    page.locator(LINE.format("closed")).wait_for(timeout=60_000)
    page.locator(".jp-InputPrompt", has_text="[2]:").wait_for(timeout=60_000)
    assert page.locator(ERRORS).all_inner_texts() == []
    # The first line of each event: a bot without a CPU for 0.3 s is late once more after its block.
    noted = {line["event"]: line for line in reversed(page.evaluate("window.noted"))}
    wall = time.time() - time.monotonic()
    behind = {name: noted[name]["wall"] - wall - noted[name]["at"] for name in noted if name}
    print({name: f"{seconds * 1000:.0f} ms" for name, seconds in behind.items()})
    for event in ("late", "killed", "resumed"):
        assert behind[event] > -0.05
        assert noted[event]["running"]
    assert noted["late"]["wall"] <= noted["killed"]["wall"] <= noted["resumed"]["wall"]
    block_ended = noted["reply"]["at"]
    assert noted["killed"]["wall"] - wall < block_ended


def test_it_can_be_read_in_the_light_and_in_the_dark(course: Course) -> None:
    page = course.page
    lowest, text = page.evaluate(CONTRASTS)[0]
    assert lowest >= 4.5, text
    paint(page, "Dark")
    course.resize((WINDOW[0], 500))
    press(page, "Run", "Run All Cells")
    page.locator(LINE.format("resumed")).nth(1).wait_for(timeout=60_000)
    below = "log => log.scrollHeight - log.scrollTop - log.clientHeight"
    assert page.locator(".unblocked-log .past").evaluate(below) < 2  # the newest is in sight
    course.resize(WINDOW)
    keep(page, "live_log_dark")
    lowest, text = page.evaluate(CONTRASTS)[0]
    paint(page, "Light")
    assert lowest >= 4.5, text


def test_it_is_shown_to_nobody_else(course: Course) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        course.running.ask("/unblocked/gateway-log", token=False)


def test_it_says_whose_gateway_it_is_and_what_became_of_it(course: Course) -> None:
    page = course.page
    other = course.write(f"{TRY}/other.ipynb", BOT, QUIET)
    course.open(other, alone=False)
    press(page, "Run", "Run All Cells")
    course.expect_log("Gateway 1 of other.ipynb")
    choice = page.locator(".unblocked-log select")
    assert choice.input_value() == "other.ipynb"
    choice.select_option("blocked.ipynb")  # which still runs, in the background
    assert page.locator(LINE.format("killed")).first.is_visible()
    assert not page.get_by_text("Gateway 1 of other.ipynb").is_visible()
    keep(page, "live_log_two_notebooks")

    # A page that is loaded again shows what has been.
    course.await_layout(lambda layout: "other.ipynb" in json.dumps(layout))
    course.load(other)
    choice.wait_for(timeout=60_000)
    choice.select_option("blocked.ipynb")  # there before the lines, which are told last
    page.locator(LINE.format("killed")).first.wait_for()

    for kernel in json.loads(course.running.ask("/api/kernels")):
        course.running.ask(f"/api/kernels/{kernel['id']}/restart", method="POST")
    course.expect_log("The gateways have ended.")
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for(timeout=60_000)
    press(page, "Run", "Run All Cells")
    course.expect_log("A gateway is running")
    page.locator(HEART).click()
    assert not course.outside
