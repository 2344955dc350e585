"""Other programs and processes: started, waited for, forked."""

import asyncio
import functools
import multiprocessing
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor

from autograder.bench.probe.labels import blocks, free, part
from autograder.bench.probe.sizing import burn

cpu = part("cpu")
SLEEPS = ["sleep", "0.15"]
SLEEPS_LESS = ["sleep", "0.1"]


@blocks(0.15, kind="sleep")
async def check_output():
    subprocess.check_output(["sh", "-c", "sleep 0.15; echo done"])  # <- blocks


@free("check_output")
async def communicate_with_asyncio_subprocess():
    process = await asyncio.create_subprocess_exec(
        "sh", "-c", "sleep 0.1; cat", stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    await process.communicate(b"a line\n")


@blocks(0.15, kind="sleep")
async def popen_wait():
    process = subprocess.Popen(SLEEPS)
    process.wait()  # <- blocks


@free("popen_wait")
async def popen_waited_for_in_a_thread():
    process = subprocess.Popen(SLEEPS_LESS)
    await asyncio.to_thread(process.wait)


@free("popen_wait")
async def popen_whose_end_the_kernel_tells():
    """A descriptor of the process becomes readable when it ends."""
    process = subprocess.Popen(SLEEPS_LESS)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    descriptor = os.pidfd_open(process.pid)
    loop.add_reader(descriptor, ended.set)
    await ended.wait()
    loop.remove_reader(descriptor)
    os.close(descriptor)
    process.wait()


@blocks(0.15, kind="sleep")
async def wait_for_a_spawned_process():
    pid = os.posix_spawnp("sleep", SLEEPS, dict(os.environ))
    os.waitpid(pid, 0)  # <- blocks


@free("wait_for_a_spawned_process")
async def spawned_process_polled():
    pid = os.posix_spawnp("sleep", SLEEPS_LESS, dict(os.environ))
    while os.waitpid(pid, os.WNOHANG) == (0, 0):
        await asyncio.sleep(0.01)


@blocks(0.15, kind="sleep")
async def output_read_line_by_line():
    with subprocess.Popen(["sh", "-c", "sleep 0.15; echo a"], stdout=subprocess.PIPE) as process:
        process.stdout.readline()  # <- blocks


@free("output_read_line_by_line")
async def output_of_asyncio_subprocess_line_by_line():
    process = await asyncio.create_subprocess_shell(
        "for n in 1 2 3 4 5; do sleep 0.02; echo $n; done", stdout=subprocess.PIPE
    )
    async for _ in process.stdout:
        pass
    await process.wait()


@blocks(0.2, kind="sleep")
async def subprocess_that_runs_into_its_timeout():
    process = subprocess.Popen(["sleep", "30"])
    try:
        process.wait(timeout=0.2)  # <- blocks
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@free("subprocess_that_runs_into_its_timeout")
async def asyncio_subprocess_that_runs_into_its_timeout():
    process = await asyncio.create_subprocess_exec("sleep", "30")
    try:
        await asyncio.wait_for(process.wait(), 0.1)
    except TimeoutError:
        process.kill()
        await process.wait()


@free("popen_wait")
async def five_programs_at_once():
    processes = [await asyncio.create_subprocess_exec(*SLEEPS_LESS) for _ in range(5)]
    await asyncio.gather(*(process.wait() for process in processes))


@free("popen_wait")
async def programs_one_after_the_other():
    """Each start waits until the new process runs its program (vfork)."""
    for _ in range(6):
        process = await asyncio.create_subprocess_exec("true")
        await process.wait()


@blocks(0.15, kind="sleep")
async def popen_that_sleeps_before_its_program():
    """The parent waits until the child runs its program, and the child sleeps before."""
    process = subprocess.Popen(["true"], preexec_fn=lambda: time.sleep(0.15))  # <- blocks
    await asyncio.to_thread(process.wait)


@free("popen_that_sleeps_before_its_program")
async def popen_in_a_thread_that_sleeps_before_its_program():
    def start():
        subprocess.run(["true"], preexec_fn=lambda: time.sleep(0.1), check=True)

    await asyncio.to_thread(start)


@blocks(0.15, kind="sleep")
async def join_of_a_process():
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(0.15,))
    process.start()  # <- blocks
    process.join()  # <- blocks


@free("join_of_a_process")
async def join_of_a_process_in_a_thread():
    process = multiprocessing.get_context("fork").Process(target=time.sleep, args=(0.1,))
    process.start()
    await asyncio.to_thread(process.join)


@blocks(0.15, kind="sleep")
async def pipe_of_a_process():
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_answer, args=(theirs, 0.15))
    process.start()  # <- blocks
    ours.recv()  # <- blocks
    process.join()


@free("pipe_of_a_process")
async def pipe_of_a_process_read_when_ready():
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=_answer, args=(theirs, 0.1))
    process.start()
    ready = asyncio.Event()
    asyncio.get_running_loop().add_reader(ours.fileno(), ready.set)
    await ready.wait()
    asyncio.get_running_loop().remove_reader(ours.fileno())
    ours.recv()
    await asyncio.to_thread(process.join)


def _answer(connection, seconds):
    time.sleep(seconds)
    connection.send("found")


@functools.cache
def pool_of_processes():
    made = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork"))
    list(made.map(abs, range(4)))
    return (made,)


@blocks(0.15, kind="sleep", given=pool_of_processes)
async def result_of_a_process_pool(made):
    made.submit(time.sleep, 0.15).result()  # <- blocks


@free("result_of_a_process_pool", given=pool_of_processes)
async def awaited_result_of_a_process_pool(made):
    await asyncio.get_running_loop().run_in_executor(made, burn, 0.12)


@blocks(0.15, kind="cpu", given=pool_of_processes)
async def large_argument_for_a_process_pool(made):
    """What the process gets is made on the loop."""

    def argument():
        burn(0.15)  # <- blocks
        return "x" * 1000

    await asyncio.get_running_loop().run_in_executor(made, len, argument())


@free("large_argument_for_a_process_pool", given=pool_of_processes)
async def ten_small_arguments_for_a_process_pool(made):
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(made, len, "x" * 1000) for _ in range(10)))


@blocks(0.15, kind="sleep")
async def pgrep_by_reading_proc():
    """A program that answers late, through a shell's pipe."""
    with os.popen("sleep 0.15; echo 1") as answer:
        answer.read()  # <- blocks


@free("pgrep_by_reading_proc")
async def proc_read_by_hand():
    for _ in range(20):
        pathlib.Path("/proc/self/stat").read_text()
        await asyncio.sleep(0.002)


@blocks(0.15, kind="sleep")
async def socket_of_a_child():
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(
        ["sh", "-c", "sleep 0.15; echo done"], stdout=theirs, pass_fds=[theirs.fileno()]
    )
    theirs.close()
    ours.recv(10)  # <- blocks
    ours.close()
    process.wait()


@free("socket_of_a_child")
async def socket_of_a_child_over_streams():
    ours, theirs = socket.socketpair()
    process = subprocess.Popen(["sh", "-c", "sleep 0.1; echo done"], stdout=theirs)
    theirs.close()
    reader, writer = await asyncio.open_connection(sock=ours)
    await reader.read(10)
    writer.close()
    await asyncio.to_thread(process.wait)


@blocks(0.15, kind="sleep")
async def stopped_child_waited_for():
    """A child that a signal has stopped ends only when another signal lets it go on."""
    process = subprocess.Popen(["sleep", "0.01"])
    process.send_signal(signal.SIGSTOP)
    waker = subprocess.Popen([sys.executable, "-c", WAKES, str(process.pid)])
    process.wait()  # <- blocks
    waker.wait()  # <- blocks


WAKES = "import os, signal, sys, time; time.sleep(.15); os.kill(int(sys.argv[1]), signal.SIGCONT)"


@free("stopped_child_waited_for")
async def stopped_asyncio_child_waited_for():
    process = await asyncio.create_subprocess_exec("sleep", "0.01")
    process.send_signal(signal.SIGSTOP)
    asyncio.get_running_loop().call_later(0.1, process.send_signal, signal.SIGCONT)
    await process.wait()
