"""A Discord-compatible gateway on loopback, so that a real bot lives, is killed, and resumes.

`server.py` is the whole: its port, and what a client of the world may ask of a gateway. `hub.py` is
what the gateway knows: bots, sessions, people, messages. The rest, in the order in which a bot
meets it: `rest.py` (log in, reply), `connection.py` (one WebSocket: HELLO to close), `ending.py`
(how it ends), `streams.py` (its compression), `session.py` (what outlives a connection, for
RESUME), `payloads.py` (the JSON shapes), `interactions.py` (slash commands and their deadline),
`faults.py` (what goes wrong on demand), `journal.py` (what happened, as events).

Protocol sources: discord-api-docs, `developers/events/gateway.mdx` (commit 0329c530) and
`developers/topics/opcodes-and-status-codes.mdx` (commit 10142939). Where they give no number,
the number is ours and its comment says so.
"""
