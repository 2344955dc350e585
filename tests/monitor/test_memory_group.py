"""In a real control group with too little memory, harmless code is never called a block."""

from __future__ import annotations

import pytest

from autograder.bench.crowded_memory import crowd
from autograder.bench.probe import labels, scores
from autograder.bench.probe.snippets import made
from autograder.bench.probe.worker import Worker
from autograder.environment import control_group
from autograder.environment.finding import reason
from autograder.monitor import pressure

CORPUS = labels.load()
HARMLESS = ["asyncio_subprocess", "popen_polled", "asyncio_sleep", "import_of_a_loaded_library",
            "light_sqlite_query", "warm_file_through_mmap"]  # fmt: skip

FOUND = control_group.finding()


@pytest.mark.slow
@pytest.mark.skipif(FOUND.missing, reason=reason(FOUND))
@pytest.mark.skipif(not pressure.source(), reason="this kernel does not tell when memory is short")
@pytest.mark.timeout(600)
def test_where_memory_is_short_harmless_code_is_free_or_open_and_a_sleep_is_a_block() -> None:
    # time.sleep has a deadline, and sleeps less after a wait for a CPU: 42 ms for 120, as measured.
    snippets = [*[CORPUS[name] for name in HARMLESS], made("sleep 120")]
    rows: list[scores.SnippetRun] = []
    with crowd() as group:
        assert group is not None
        worker = Worker("probe", HARMLESS, python=group.python)
        try:
            with group.squeezed():
                # A sleep is open unless the sampler looked, which needs a CPU and pages for that.
                while len(rows) < 9 * len(snippets) and not blocked(rows):
                    rows += scores.campaign(
                        [{"probe": worker}], snippets, [scores.GROUP], 3, say=lambda _: None
                    )
        finally:
            worker.close()
    assert not scores.score(rows).wrong, [row for row in rows if row.verdict != "free"]
    assert blocked(rows)


def blocked(rows: list[scores.SnippetRun]) -> bool:
    return any(row.verdict == "blocked" for row in rows if row.blocking)
