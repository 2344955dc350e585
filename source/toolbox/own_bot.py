# How to run any bot against the gateway of this course. The lines for each library are those that
# `python3 -m autograder gateway` prints (tests/units/test_toolbox.py compares them).

# %% [markdown]
# # Point your own bot at the gateway
#
# **You will** run the bot you have, as it is, against a Discord that lives on your own machine and
# hangs up on a bot that blocks. You need no account and no token. Nothing goes to Discord, so no real
# guild notices. What your bot asks of other servers, and what it writes, is real.
#
# ## The short way
#
# In a terminal (in JupyterLab: *File, New, Terminal*), in the folder of the course:
#
# ```
# python3 -m autograder run ../my_bot/bot.py
# ```
#
# This runs your bot with its own `.venv`, points its library at a gateway, and replaces the token. You type
# what people say and do; `help` lists all of it, and the commands that your bot has registered:
#
# ```
# ada: !roll 2d6                  bo in #games: hi                dm cy: help
# /weather city=Oslo              use "Report" on bo              click "Vote"
# choose "Red"                    fill name="Ada" Photo=cat.png   upload cat.png "look"
# react thumbs up                 expect "pong" within 1          ratelimit 5/5
# ```
#
# (`ratelimit 5/5`: from now on your bot may send 5 messages to a channel in 5 s. `ratelimit 0` ends this.)
#
# (If your bot reads its token from the environment, any text will do: `DISCORD_TOKEN=x python3 -m
# autograder run ../my_bot/bot.py`.)
#
# When a line of your code holds the loop, you read the line, the calls that led to it and the command.
# `quit` or Ctrl+C ends the run. Then you get a table of these lines, and how long each answer took.
# `--picture night.png` draws the run, and [audit.ipynb](audit.ipynb) shows its lines. What only one
# person can see (an ephemeral answer) says so, and only that person can click in it.
#
# **A bot that knows ids** of its guild, channels, roles or messages finds them with `--guild
# club.toml`. You may leave out a list; then the course's own is used. You may leave out an id; then one
# is made:
#
# ```toml
# name = "Chess club"
# id = 812345678901234567
#
# [[channels]]
# name = "lounge"
# id = 812345678901234568
# category = "Talk"       # made if no channel of this file is called so
# topic = "Say hello"     # type = "voice", "category", "news", "stage" or "forum"; text without it
#
# [[roles]]
# name = "Moderator"
# id = 812345678901234569
# permissions = 8         # color, hoist, mentionable
#
# [[members]]
# name = "ada"
# id = 812345678901234570
# nick = "Countess"
# roles = ["Moderator"]
#
# [[messages]]
# channel = "lounge"
# author = "ada"
# id = 812345678901234571
# content = "React here to get your roles"
# ```
#
# The parts below do the same by hand.
#
# ## 1 · Start the gateway
#
# In a terminal, in the folder of the course:
#
# ```
# python3 -m autograder gateway --port 8765
# ```
#
# It prints its addresses, and waits. It wants a heartbeat every 0.2 s, which is two hundred times as
# strict as Discord; `--heartbeat 41.25` makes it as patient. Begin with 1 s: `--heartbeat 1`.
#
# ## 2 · Tell your bot where it is
#
# Put the lines of your library before the line that starts the bot. Keep your real token to
# yourself: this gateway takes any text in its place. hikari does not, because it reads the bot's id
# out of the token. The token in its lines has the form that hikari accepts.
#
# **discord.py**
#
# ```python
# import discord.gateway, discord.http, yarl
#
# discord.http.Route.BASE = "http://127.0.0.1:8765/api/v10"
# discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL("ws://127.0.0.1:8765")
# ```
#
# **hikari**
#
# ```python
# import hikari
#
# bot = hikari.GatewayBot("NTAwMDAwMDAwMDAwMDAwMDAw.local.bot", rest_url="http://127.0.0.1:8765/api/v10")
# bot.run(check_for_updates=False)
# ```
#
# These two lines make and start the bot, so change yours like them. Your other arguments stay.
#
# **nextcord**
#
# ```python
# import nextcord.http
#
# nextcord.http.Route.BASE = "http://127.0.0.1:8765/api/v10"
# ```
#
# **disnake**
#
# ```python
# import disnake.http
#
# disnake.http.Route.BASE = "http://127.0.0.1:8765/api/v10"
# ```
#
# **py-cord**
#
# ```python
# import discord.http
#
# discord.http.Route.API_BASE_URL = "http://127.0.0.1:8765/api/v10"
# ```
#
# These are not documented switches (hikari's is), so keep them behind a condition, and take them
# out before you deploy:
#
# ```python
# if os.environ.get("UNBLOCKED"):
#     ...
# ```
#
# ## 3 · Talk to it
#
# Start the bot. The gateway says that it is ready. What you now type into the gateway's terminal is
# said in #general by ada. All lines of `run` work here, too: `bo: hi`, `/report month=3`, `click "Vote"`.
# You see every answer, every heartbeat that comes late, and when the connection is cut, with the
# last line that the bot had been given:
#
# ```
#     5.580  ada     #general  !roll 2d6
#     6.463  bot 1   heartbeat late: silent for 1.51 s, last given '!roll 2d6'
#     6.963  bot 1   disconnected by the gateway (4009): silent for 2.01 s, last given '!roll 2d6'
#     8.085  bot 1   #general  ada rolls 7
#     8.090  bot 1   resumed; 1 missed events replayed
# ```
#
# (Recorded with `--heartbeat 1` and a `time.sleep(2.5)` in `roll`.)
#
# ## 4 · Find the line
#
# The gateway knows *which command*. `loopwatch.py`, beside this page, knows *which line*, on your
# server, too. Your bot needs no change. Copy `loopwatch.py` into your bot's folder, and run it there:
#
# ```
# python loopwatch.py bot.py
# ```
#
# or, for a bot that runs already, `python loopwatch.py --attach PID` (Python 3.14 or newer, the same
# version as the bot's). For the bot recorded above it said: `loop held for 2.54 s: .../bot.py:14 in roll: time.sleep(2.5)`. It names
# each line of a block with its seconds, reports a long block while it is still going on, and says when a
# thread keeps the GIL or Python collects garbage.
#
# To have it in for good, start it where the loop runs already:
#
# | library | where |
# |---|---|
# | discord.py | `setup_hook` |
# | nextcord, disnake, py-cord | `on_ready` (they never call `setup_hook`, and report no error) |
# | hikari | a listener of `hikari.StartedEvent` |
# | others | `main` |
#
# ```python
# import loopwatch
#
# @bot.listen()
# async def on_ready():
#     loopwatch.start()          # or loopwatch.start(limit=0.05, report=logging.warning)
# ```
#
# `on_ready` can come again. A second `start` on the same loop does nothing.
#
# ## What this gateway is not
#
# One guild, a few channels, three people and whoever else speaks. Messages with embeds, files,
# buttons and polls, edits, reactions, pins, threads, webhooks, roles, members, bans, invites, emojis,
# slash commands, context menus, buttons, menus, modals, suggestions, ephemeral answers, defer and
# follow-up: yes. There is no voice. What the gateway does not serve is answered with status 501, and
# the gateway prints the call. For the audit that does not matter: leave out the commands
# that get a 501, and test the others.
#
# **Next**: [audit.ipynb](audit.ipynb), the checklist.
