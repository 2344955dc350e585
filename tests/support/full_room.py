"""Fills one room with threads and examines an honest answer in another meanwhile.

The kernel counts threads as it counts processes, and threads leave nothing behind.
"""

from __future__ import annotations

import contextlib
import threading

from autograder.grading.examination import session
from autograder.grading.examination.cells import Cell, CellOutcome, ExaminationFailed

FULL = """
import threading

threading.stack_size(1 << 16)
over = threading.Event()
started = 0
try:
    while started < 1000:
        threading.Thread(target=over.wait, daemon=True).start()
        started += 1
except RuntimeError:
    pass
print(started)
"""
HONEST = [
    Cell(0, "setup", "tools", "from autograder import watch"),
    Cell(1, "learner", "double", "async def double(number):\n    return 2 * number"),
    Cell(2, "test", "double_visible", "(await watch(double, 2)).returned(4).responsive(0.1)"),
]


def fill() -> tuple[int, str, str]:
    """Return how many threads filled the room, and the verdict over the honest answer."""
    full = threading.Event()
    threads: list[int] = []

    def note(cell: Cell, seen: CellOutcome) -> None:
        if cell.index == 0:
            threads.append(int(seen.outputs[0]["text"]))
            full.set()

    def examine() -> None:
        cells = [Cell(0, "learner", "", FULL), Cell(1, "learner", "", "over.wait(60)")]
        with contextlib.suppress(ExaminationFailed):  # we end it
            session.examine(cells, on_cell=note)

    filling = threading.Thread(target=examine)
    filling.start()
    assert full.wait(60)
    seen = session.examine(HONEST, seconds=30).seen[2]
    assert filling.is_alive(), "the full room was gone before the honest answer was examined"
    session.close()
    filling.join()
    return threads[0], seen.status, seen.message
