"""A Discord-compatible gateway on loopback, so that a real bot lives, is killed, and resumes.

`server.py` is the gateway as a server of the world: its port and its controls. `hub.py` is its
state: bots, sessions, the guild, people, messages. The other files, in the order in which a bot
meets them: `rest.py` (the door: token, route, answer; 501 for what is not served), `connection.py`
(one WebSocket, from HELLO to the close), `ending.py` (how a connection ends), `streams.py`
(compression), `session.py` (intents, and what RESUME brings back), `faults.py` (failures on
demand), `journal.py` (what happened, as events).

The REST API is one table: `table.py` has a row for each kind of thing that bots create, read,
change and delete, `shapes.py` how new ones look, `payloads.py` what else libraries read, `call.py`
one call, `limits.py` the limit on sends. What differs from the table is in `accounts.py`,
`guild.py`, `messages.py` (with `contents.py`), `threads.py`, `webhooks.py` and `interactions.py`
(commands, components and modals, and their deadline). What people do is in `acts.py` (they talk,
react, vote) and `uses.py` (commands, buttons, menus, modals).

Protocol sources: discord-api-docs, `developers/events/gateway.mdx` (commit 0329c530) and
`developers/topics/opcodes-and-status-codes.mdx` (commit 10142939). Where these pages give no
number, we chose one, and a comment says so.
"""
