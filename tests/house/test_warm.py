"""What tests fork from a started program ends with the test, and so do its own processes."""

from __future__ import annotations

from pathlib import Path

import psutil
import pytest
from processes import ends
from running_kernel import run_all, warm_kernel

POOL = """
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
pool = ProcessPoolExecutor(1, get_context("spawn"))
print(pool.submit(os.getpid).result())
"""


@pytest.mark.slow
def test_a_warm_kernel_takes_the_processes_of_its_pools_along(tmp_path: Path) -> None:
    with warm_kernel(tmp_path) as client:
        [shown] = run_all(client, [POOL], patience=60)
        assert shown is not None
        process = psutil.Process(int(shown[0]["text"]))
    assert ends(process, within=10)
