"""The candidate: the process that runs a learner's cells and the calls that the examiner requests.

It holds no test, no expected value and no score. It gets one request at a time over one socket:

    {"op": "begin", "own", "shared", "hidden", "user"}               -> {"id", "layers"}
    {"op": "cell", "name", "source", "seconds", "addresses"}         -> {"id", "ended", "outputs"}
    {"op": "watch", "name", "driver", "args", "keywords", "timeout", "loop"}
                          -> {"id", "record"} or {"id", "missing"}, then {"id", "outputs"}

Each request carries a random "id". Every answer of this process is only a claim, because a
learner's code can do everything that this code can. The examiner checks each answer, and ends the
process when the answer is late.

During a watched call the examiner knocks at the socket `pulse`, and the call's loop answers each
knock (see witness.py).

All cells run on one loop in the main thread. This loop lives from the first cell to the last, so
tasks stay alive between cells. Each watched call runs on a new loop in the main thread. During the
call, the cells' loop runs in another thread if it still has tasks or sockets, as it would in a
kernel.
"""

from __future__ import annotations

import asyncio
import contextlib
import linecache
import os
import selectors
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from functools import partial
from types import FrameType
from typing import Any, BinaryIO

from autograder import context, wire
from autograder.grading.examination.given import Given
from autograder.grading.examination.outputs import MOST_TEXT, Outputs, stream
from autograder.grading.examination.shell import Shell, open_for_cells, the_shell
from autograder.grading.examination.witness import HELLO
from autograder.grading.jail import confine
from autograder.monitor import garbage
from autograder.monitor.errors import Stopped
from autograder.monitor.garbage import heap
from autograder.monitor.run import LAST_WORDS, Run

REPEAT = 1.0  # s between two attempts to stop code that is over its time limit


class CellTimeout(BaseException):
    """The cell is over its time limit."""


def main(control: socket.socket, pulse: socket.socket, *shared: int) -> int:
    """Serve the examiner at the other end of `control` until it hangs up.

    `shared` are descriptors of the namespaces that it shares with its examiner: see
    `confine.open_for`.
    """
    shell = the_shell()
    request = wire.receive(control)
    hidden = tuple(request["hidden"])
    place = confine.Place(request["own"], request["shared"], hidden, request["user"])
    layers = confine.enter(place, shared)  # may fork, and then returns in the child
    printed = _Printed()
    open_for_cells(shell)
    _attach([])
    context.become(replace(context.this_process, candidate=True))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    wire.send(control, {"id": request["id"], "layers": layers})
    return Candidate(control, pulse, shell, printed).serve()


class Candidate:
    """Runs one request at a time."""

    def __init__(
        self, control: socket.socket, pulse: socket.socket, shell: Shell, printed: _Printed
    ) -> None:
        self._control, self._pulse, self._shell = control, pulse, shell
        self._printed = printed
        self._selector = selectors.DefaultSelector()
        self._loop = asyncio.SelectorEventLoop(self._selector)
        self._idle_sockets = len(self._selector.get_map())
        asyncio.set_event_loop(self._loop)
        self._on_alarm: Callable[[], None] | None = None
        self._given = Given(shell.user_ns)
        signal.signal(signal.SIGALRM, self._alarmed)

    def serve(self) -> int:
        """Answer requests until the examiner hangs up."""
        while True:
            self._wait_for_request()
            try:
                request = wire.receive(self._control)
            except EOFError:
                return 0
            if request["op"] == "cell":
                answer = self._cell(request)
                self._tidy()
                self._reply(request, answer)
            else:
                with self._cells_go_on() as cells:
                    self._reply(request, self._watch(request))
                    self._shell.settle()
                    self._tidy()
                leaves = cells.is_alive()  # a task of an earlier cell blocks: end, and be replaced
                self._reply(request, {"outputs": self._taken().items, "leaves": leaves})
                if leaves:
                    os._exit(71)
                asyncio.set_event_loop(self._loop)

    def _cell(self, request: dict[str, Any]) -> dict[str, Any]:
        _attach(request["addresses"])
        ended = self._drive(self._shell.run(request["source"], request["name"]), request["seconds"])
        if request["given"]:
            python = self._shell.transform_cell(request["source"])  # type: ignore[no-untyped-call]
            self._given.remember(python)
        outputs = self._taken()
        if not ended:
            sentence = f"this cell ran for more than {request['seconds']:g} s and was stopped"
            outputs.error("CellTimeout", sentence, [sentence])
        return {"ended": ended, "outputs": outputs.items}

    def _tidy(self) -> None:
        """Collect garbage now, while nobody measures.

        A collection of many objects takes 0.1 s. When it ran after the request for a call, the
        witness saw that this process was busy, and the call's own figures did not explain it.
        """

        def expire() -> None:  # a finalizer of the learner's is over its time
            raise CellTimeout

        with contextlib.suppress(CellTimeout), self._alarm(REPEAT, expire):
            garbage.tidy()

    def _watch(self, request: dict[str, Any]) -> dict[str, Any]:
        function = self._function(request)
        if function is None:
            return {"missing": True}
        timeout = request["timeout"]
        call = Run(
            function,
            request["args"],
            request["keywords"],
            timeout,
            request["loop"],
            on_loop=partial(_let_it_answer, self._pulse) if request["knocked"] else None,
        )

        def stop_when_held() -> None:
            if call.held_for() > LAST_WORDS:
                raise Stopped

        record = call.record
        with self._shell.builtin_trap:
            try:
                alarm = self._alarm(timeout + 2 * LAST_WORDS, stop_when_held)
                with alarm, heap.left_out(for_good=True):
                    record = call.go()
            except BaseException as error:  # an alarm or a signal raised it in our own code
                record.value = None
                if record.error is None:
                    record.outcome = "raised"
                    record.error = (type(error).__name__, "", "", 0)
        return {"record": record.to_plain()}

    def _function(self, request: dict[str, Any]) -> Any:
        """The function that the request names: a learner's, or a driver that was sent as text."""
        name, source = request["name"], request["driver"]
        if not source and name not in self._given:
            return self._shell.user_ns.get(name)
        scope = self._given.scope()
        if not source:
            return scope[name]
        file = f"<driver {name}>"
        context.this_process.file_names[file] = f"the test's `{name}`"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        exec(compile(source, file, "exec"), scope)
        return scope[name]

    def _drive(self, work: Coroutine[Any, Any, BaseException | None], seconds: float) -> bool:
        """Run a cell on the cells' loop; return whether it ended within `seconds`."""
        task = self._loop.create_task(work)
        task.add_done_callback(lambda _: self._loop.stop())
        expired = False

        def expire() -> None:
            raise CellTimeout

        while not task.done():
            try:
                with self._alarm(REPEAT if expired else seconds, expire):
                    self._loop.run_forever()
            except CellTimeout:  # raised in the loop itself: the cell is waiting in an `await`
                expired = True
                task.cancel()
            except BaseException:  # SystemExit in a task of an earlier cell: a kernel survives it
                continue
        with contextlib.suppress(asyncio.CancelledError, CellTimeout):
            return not expired and not isinstance(task.result(), CellTimeout)
        return False

    def _wait_for_request(self) -> None:
        """Run the cells' loop until a request of the examiner arrives."""
        waiting = True

        def arrived() -> None:
            nonlocal waiting
            waiting = False
            self._loop.stop()

        self._loop.add_reader(self._control, arrived)
        while waiting:
            with contextlib.suppress(BaseException):  # SystemExit in a task of an earlier cell
                self._loop.run_forever()
        self._loop.remove_reader(self._control)

    @contextlib.contextmanager
    def _cells_go_on(self) -> Iterator[threading.Thread]:
        """Run the cells' loop in another thread if it still has tasks or sockets.

        Without them the thread is not started: with a second one, the `fork` of a process pool
        warns. Afterwards it has 2 s to end: else this process is replaced, which loses nothing.
        """
        thread = threading.Thread(target=self._go_on, name="cells", daemon=True)
        if not asyncio.all_tasks(self._loop) and not self._has_sockets():
            yield thread
            return
        thread.start()
        yield thread
        self._loop.call_soon_threadsafe(self._loop.stop)
        thread.join(2)

    def _go_on(self) -> None:  # code of ours: so monitor/ownership.py knows what the thread is for
        self._loop.run_forever()

    def _has_sockets(self) -> bool:
        return len(self._selector.get_map()) > self._idle_sockets

    @contextlib.contextmanager
    def _alarm(self, seconds: float, action: Callable[[], None]) -> Iterator[None]:
        """Call `action` in the main thread after `seconds`, inside the code that runs there.

        `action` may raise. It is called again every REPEAT seconds, because the code may catch
        every exception.
        """
        self._on_alarm = action
        signal.setitimer(signal.ITIMER_REAL, seconds, REPEAT)
        try:
            yield
        finally:
            self._on_alarm = None
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _alarmed(self, number: int, frame: FrameType | None) -> None:
        if self._on_alarm is not None:
            self._on_alarm()

    def _taken(self) -> Outputs:
        outputs = self._shell.take_outputs()
        text = self._printed.take()
        if text:
            outputs.items.append(stream("stdout", text))
        return outputs

    def _reply(self, request: dict[str, Any], answer: dict[str, Any]) -> None:
        answer["id"] = request["id"]
        try:
            wire.send(self._control, answer)
        except wire.NotPlain as error:
            answer["outputs"] = [stream("stdout", f"(the outputs could not be kept: {error})")]
            wire.send(self._control, answer)


def _let_it_answer(pulse: socket.socket) -> None:
    """Have the loop of a watched call answer when the examiner knocks; called on that loop."""
    with contextlib.suppress(BlockingIOError):
        while pulse.recv(16, socket.MSG_DONTWAIT):  # of the call before
            pass
    loop = asyncio.get_running_loop()
    loop.add_reader(pulse.fileno(), _answer, pulse)
    selector = getattr(loop, "_selector", None)  # uvloop has none
    pulse.send(HELLO + str(selector.fileno() if selector else -1).encode())


def _answer(pulse: socket.socket) -> None:
    # write, not send: the kernel counts writes, and the witness looks whether we wrote
    os.write(pulse.fileno(), pulse.recv(16))


class _Printed:
    """Collects what is written to the descriptors 1 and 2 without Python's `sys.stdout`."""

    def __init__(self) -> None:
        self._file: BinaryIO = tempfile.TemporaryFile(mode="w+b")  # noqa: SIM115 lives as long as we
        for descriptor in (1, 2):
            os.dup2(self._file.fileno(), descriptor)

    def take(self) -> str:
        """Return the text written since the last call."""
        if os.lseek(self._file.fileno(), 0, os.SEEK_CUR) == 0:
            return ""
        data = os.pread(self._file.fileno(), MOST_TEXT, 0)
        os.ftruncate(self._file.fileno(), 0)
        os.lseek(self._file.fileno(), 0, os.SEEK_SET)
        return data.decode(errors="replace")


def _attach(addresses: list[dict[str, Any]]) -> None:
    """Let `world.start` and `servers.gateway` return these addresses and start nothing."""
    from autograder import world

    world.attach(addresses)
