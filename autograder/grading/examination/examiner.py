"""The examiner: the process that holds the tests and judges the learner's code from outside.

It runs the locked test cells on its own loop. Their text comes from the gradebook and never from
the submission. In a test cell the learner's names are bound to handles: `watch` runs the function
that a handle names in the candidate, and brings back plain data. Setup cells run in both processes.

An exception that is not the outcome of a check, and that no learner's answer can have caused, is a
fault of ours. It ends the examination without a grade, and never becomes a learner's 0.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from IPython.display import display

from autograder import context, wire, world
from autograder.grading.examination import claims, handles, verdicts
from autograder.grading.examination.candidate_proxy import (
    CandidateTemplate,
    RemoteCandidate,
)
from autograder.grading.examination.fork_client import Client
from autograder.grading.examination.outputs import MOST_OF_ALL, Output, as_display, size_of, within
from autograder.grading.examination.remote_backend import RemoteBackend
from autograder.grading.examination.shell import Shell, open_for_cells, the_shell
from autograder.grading.examination.verdicts import Fault
from autograder.grading.examination.witness import Testimony
from autograder.grading.jail import confine
from autograder.outcomes import NotAttempted
from autograder.report.report import Report
from autograder.text import visible
from autograder.world import supervisor
from autograder.world.client import hire


def main(job: socket.socket, fork_server: Client) -> int:
    """Examine the notebook that arrives over `job`, and send each cell's outcome back over it."""
    order = wire.receive(job)
    folder = Path(order["folder"])
    os.chdir(folder / "examiner")
    sys.path.insert(0, str(folder / "examiner"))
    files = Path(order["files"]) if order["files"] else None
    shared = confine.open_for(str(folder / "shared"))
    template = CandidateTemplate(fork_server, folder, files, tuple(order["hidden"]), shared)
    os.environ["UNBLOCKED_SHARED"] = str(template.shared)  # where servers put files for both sides
    # Before the tests come: the servers need not have them.
    world.private(supervisor.fork() if order["servers"] else hire)
    cells = [wire.receive(job) for _ in range(order["cells"])]
    shell = the_shell()
    open_for_cells(shell)
    candidate = RemoteCandidate(template)
    examiner = Examiner(shell, candidate, job, order)
    try:
        asyncio.run(examiner.examine(cells))
    except BaseException as error:
        text = str(error) if isinstance(error, Fault) else traceback.format_exc()
        wire.send(job, {"fault": text[-20_000:]})
        return 70
    return 0


@dataclass
class Examiner:
    """One examination of a notebook, from its first cell to its last."""

    shell: Shell
    candidate: RemoteCandidate
    job: socket.socket
    order: dict[str, Any]
    given: set[str] = field(default_factory=set)  # names of the setup cells that ran
    sources: list[str] = field(default_factory=list)  # of the learner's cells that ran so far
    reports: list[Report] = field(default_factory=list)  # on the calls of the present test cell
    testimonies: list[Testimony | None] = field(default_factory=list)  # on the same calls
    put_out: int = 0  # characters of all cells' outputs so far

    def __post_init__(self) -> None:
        self.backend = RemoteBackend(self.candidate, self.given, self._collect)
        self.candidate.accept = self._accept

    async def examine(self, cells: list[dict[str, Any]]) -> None:
        """Run every cell in its process, and send each outcome."""
        context.become(replace(context.this_process, backend=self.backend, show=self._show))
        asyncio.get_running_loop().add_reader(self.job, os._exit, 0)  # the slot hung up
        wanted, until = self.order["tests"], time.monotonic() + self.order["budget"]
        self.candidate.until = until
        try:
            for cell in cells:
                if time.monotonic() > until:
                    if cell["role"] != "test" or wanted is None or cell["name"] in wanted:
                        self._leave_out(cell)
                elif cell["role"] == "setup":
                    await self._set_up(cell)
                elif cell["role"] == "test":
                    if wanted is None or cell["name"] in wanted:
                        await self._test(cell)
                else:
                    await self._learners(cell)
            # Sent before the candidate has ended: the slot may have us both killed now.
            self._send(
                {"done": True, "restarts": self.candidate.restarts, "layers": self.candidate.layers}
            )
        finally:
            await self.candidate.end()

    def _accept(self, layers: list[str]) -> None:
        """Raise Fault when these layers are too weak to run a submission."""
        if self.order["strict"] and (why := confine.weakness(layers)):
            raise Fault(why)

    async def _learners(self, cell: dict[str, Any]) -> None:
        outputs = await self.candidate.run_cell(
            cell["name"], cell["source"], self.order["seconds"], []
        )
        self.sources.append(cell["source"])
        self._send({"index": cell["index"], "outputs": outputs})

    async def _set_up(self, cell: dict[str, Any]) -> None:
        """Run a setup cell here, then in the candidate, which connects to the servers made here."""
        world.recorded()
        handles.bind(self.shell.user_ns, [])
        random.seed(f"{self.order['seed']} {cell['name']}")
        error = await self.shell.run(cell["source"], cell["name"])
        if error is not None and await world.losses():  # the servers run again now
            world.recorded()
            error = await self.shell.run(cell["source"], cell["name"])
        self.shell.take_outputs()
        if error is not None:
            raise Fault(f"the setup cell `{cell['name']}` failed: {verdicts.described(error)}")
        self.given.add(cell["name"])
        outputs = await self.candidate.run_cell(
            cell["name"], cell["source"], self.order["seconds"], world.recorded(), given=True
        )
        self._send({"index": cell["index"], "outputs": outputs})

    async def _test(self, cell: dict[str, Any]) -> None:
        name, seconds = cell["name"], self.order["seconds"]
        handles.bind(self.shell.user_ns, [*self.sources, *self.order["promised"]])
        random.seed(f"{self.order['seed']} {name}")  # each test's draws: the same when run alone
        self.reports.clear()
        self.testimonies.clear()
        self.backend.overdue = False
        before = asyncio.all_tasks()
        async with asyncio.timeout(seconds) as limit:
            error = await self.shell.run(cell["source"], name)
        await _end_tasks(asyncio.all_tasks() - before)
        failed = limit.expired() or error is not None
        if failed and self.candidate.too_late:
            self.shell.take_outputs()
            self._leave_out(cell)
            return
        losses = await world.losses()
        if losses and failed and not isinstance(error, NotAttempted):
            verdict = verdicts.without_servers(losses)
        elif limit.expired():
            verdict = verdicts.out_of_time(seconds, self._some_call_hung())
        else:
            verdict = verdicts.judge(error, name, answered=bool(self.reports))
        judged = [one for one in self.reports if one.limit is not None]
        verdict = verdicts.reviewed(verdict, list(self._contradictions()))
        blocks = [block for one in judged or self.reports for block in one.blocks]
        worst = max(blocks, key=lambda block: block.seconds, default=None)
        self._send(
            {
                "index": cell["index"],
                "outputs": verdicts.graded(self.shell.take_outputs().items, verdict, cell),
                "status": verdict.status,
                "message": visible(verdict.message),
                "test_line": verdict.line,
                "block": asdict(worst) if worst is not None else None,
                "limit": min((one.limit or 0.0 for one in judged), default=None),
                "noise": sum((one.noise for one in self.reports), 0.0),
                "witness": _worst([one for one in self.testimonies if one is not None]),
            }
        )

    def _leave_out(self, cell: dict[str, Any]) -> None:
        """Send the outcome of a cell that is not run to its end, because the time is over.

        A test fails when the learner's own cells have taken most of the time, and is inconclusive
        when the machine may have been too slow. A test that is examined again keeps its outcome:
        the earlier examinations had most of the time.
        """
        frame: dict[str, Any] = {"index": cell["index"], "outputs": []}
        if cell["role"] == "test" and not self.order["again"]:
            budget, cells = self.order["budget"], self.candidate.ran_cells
            verdict = verdicts.no_time_left(budget, cells)
            frame |= {
                "outputs": verdicts.graded([], verdict, cell),
                "status": verdict.status,
                "message": verdict.message,
            }
        self._send(frame)

    def _contradictions(self) -> Iterator[str]:
        """Yield where a call whose blocks were judged contradicts what the witness saw of it."""
        for report, seen in zip(self.reports, self.testimonies, strict=True):
            if report.limit is None:
                continue
            if report.record.tampered:
                yield report.record.tampered
            elif seen is not None:
                yield from claims.beyond(report.record, seen, report.limit)

    def _some_call_hung(self) -> bool:
        hung = any(one.record.outcome == "timed out" for one in self.reports)
        return self.backend.overdue or hung

    def _collect(self, made: Report, outputs: list[Output], seen: Testimony | None) -> None:
        """Keep a call's report, and add what the call printed to the outputs of the test cell.

        A value that the call displays is no credit: only the test itself gives one.
        """
        self.reports.append(made)
        self.testimonies.append(seen)
        for output in outputs:
            self.shell.outputs.add(as_display(output))

    def _show(self, failed: Report) -> None:
        """Show the chart of a call whose check failed."""
        display(failed)  # type: ignore[no-untyped-call]

    def _send(self, frame: dict[str, Any]) -> None:
        if "outputs" in frame:
            frame["outputs"] = within(frame["outputs"], MOST_OF_ALL - self.put_out)
            self.put_out += size_of(frame["outputs"])
        try:
            wire.send(self.job, frame)
        except wire.NotPlain as error:
            text = f"(the outputs could not be kept: {error})"
            kept = [o for o in frame["outputs"] if o["output_type"] == "error"]
            note = {"output_type": "stream", "name": "stdout", "text": text}
            wire.send(self.job, {**frame, "outputs": [note, *kept[:1]]})


def _worst(testimonies: list[Testimony]) -> dict[str, Any]:
    """What the witness measured of a test's calls, as plain data; empty without a witness."""
    if not testimonies:
        return {}
    return {
        "held": max(one.held for one in testimonies),
        "around": max(one.around for one in testimonies),
        "asleep": max(one.asleep for one in testimonies),
        "answers": sum(one.answers for one in testimonies),
    }


async def _end_tasks(tasks: set[asyncio.Task[Any]]) -> None:
    """Cancel the tasks that a test cell left running.

    A watched call that is cancelled ends its candidate as well.
    """
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=5)
