"""Servers that are our own code: HTTP, DNS, and the process that locks a SQLite file."""
