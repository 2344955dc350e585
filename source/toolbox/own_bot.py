# How to run any bot against the gateway of this course. The lines for each library are those that
# `python3 -m autograder gateway` prints (tests/units/test_toolbox.py compares them).

# %% [markdown]
# # Point your own bot at the gateway
#
# **You will** run the bot you have, as it is, against a Discord that lives on your own machine and
# hangs up on whoever blocks. No account, no token, no internet: nothing leaves this machine, and no
# real guild notices.
#
# ## The short way
#
# ```
# python3 -m autograder run ../my_bot/bot.py
# ```
#
# runs your bot with its own `.venv`, points its library at a gateway, and replaces the token. You type
# lines such as `ada: !roll 2d6`, `/weather city=Oslo`, `click "Vote"` or `fill name="Ada"`; `help`
# lists the rest. When a line of
# your code holds the loop, you read the line, the calls that led to it and the command, and at the end a
# table. The parts below do the same by hand.
#
# ## 1 · Start the gateway
#
# In a terminal (in JupyterLab: *File, New, Terminal*), in the folder of the course:
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
# said in #general by ada; a line that begins with a slash is a slash command, `/report month=3`.
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
# The gateway knows *which command*. `loopwatch.py`, beside this page, knows *which line*: copy it
# beside your bot, and
#
# ```python
# import loopwatch
#
# class MyBot(commands.Bot):
#     async def setup_hook(self):
#         loopwatch.start()          # or loopwatch.start(limit=0.05, report=logging.warning)
# ```
#
# For that bot it said, on the bot's own terminal: `loop held for 2.54 s: .../bot.py:14 in roll:
# time.sleep(2.5)`.
#
# **Only discord.py calls `setup_hook`.** nextcord, disnake and py-cord never call it and report no
# error. There, start it in `on_ready`, and only once, because `on_ready` can come again:
#
# ```python
# @bot.listen()
# async def on_ready():
#     if not hasattr(bot, "loopwatch"):
#         bot.loopwatch = loopwatch
#         loopwatch.start()
# ```
#
# hikari has `bot.listen()` on `hikari.StartedEvent` for that. Any other program starts it in its `main`.
#
# ## What this gateway is not
#
# One guild, a few channels, three people and whoever else speaks. Messages with embeds, files,
# buttons and polls, edits, reactions, pins, threads, webhooks, roles, members, bans, invites,
# emojis, slash commands, defer and follow-up: yes. Buttons, menus, modals and suggestions, too, but
# only `run` has the lines to use them. There is no voice. What the gateway does not serve is answered with status 501, and the gateway prints the
# call. A bot that asks for a guild of its own by id finds nobody home. For the audit that does not
# matter: start what starts, and use what works. One block found is worth the evening.
#
# **Next**: [audit.ipynb](audit.ipynb), the checklist.
