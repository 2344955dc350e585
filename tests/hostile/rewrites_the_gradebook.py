# Everybody gets full points in the gradebook.

# %%
import sqlite3

try:
    with sqlite3.connect(f"{COURSE}/gradebook.db") as book:
        book.execute("UPDATE grade SET manual_score = 99")
    succeeded("the gradebook is rewritten")
except sqlite3.Error:
    pass
tried()
