"""Many submissions: which of them, on which slots, with what saved when.

`grade.py` grades the submissions of one unit, `executors.py` are the slots of this machine or of a
Dask cluster, `worker.py` starts and asks a slot's process, `worker_process.py` is that process.
"""
