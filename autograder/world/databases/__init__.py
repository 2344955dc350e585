"""Database servers: PostgreSQL, MariaDB or its stand-in, and the processes that keep them.

`database.py` is what both have in common. `proxy.py` counts what passes between a client and the
server. `keeper.py` ends a database when the process that started it ends. `debian_package.py` and
`program_cache.py` fetch MariaDB where it is not installed.
"""
