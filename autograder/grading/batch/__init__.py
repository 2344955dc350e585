"""Many submissions: which ones are graded, in which slots, and what is saved when.

`grade.py` grades the submissions of one unit. `executors.py` has the slots of this machine or of a
Dask cluster. `slots.py` starts a slot and sends it jobs; `slot.py` is the slot.
"""
