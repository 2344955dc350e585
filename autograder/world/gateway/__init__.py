"""A Discord-compatible gateway on loopback, so that a real bot lives, is killed, and resumes.

`server.py` is the gateway as a server of the world: its port and its controls. `hub.py` is its
state: bots, sessions, people, messages. The other files, in the order in which a bot meets them:
`rest.py` (log in, reply), `connection.py` (one WebSocket, from HELLO to the close), `ending.py`
(how a connection ends), `streams.py` (compression), `session.py` (what RESUME brings back),
`payloads.py` (the JSON shapes), `interactions.py` (slash commands and their deadline), `faults.py`
(failures on demand), `journal.py` (what happened, as events).

Protocol sources: discord-api-docs, `developers/events/gateway.mdx` (commit 0329c530) and
`developers/topics/opcodes-and-status-codes.mdx` (commit 10142939). Where these pages give no
number, we chose one, and a comment says so.
"""
