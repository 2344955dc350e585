"""Waiting on the loop's thread for another thread: locks, queues, futures, joins."""

import asyncio
import concurrent.futures
import contextlib
import queue
import threading
import time

from autograder.bench.probe.labels import blocks, free


class Holder:
    """A thread that holds a lock until so many seconds after somebody begins to wait for it."""

    def __init__(self, lock, seconds):
        self.lock, self.seconds = lock, seconds
        self.held, self.waited_for = threading.Event(), threading.Event()
        threading.Thread(target=self.hold, daemon=True).start()

    def hold(self):
        with self.lock:
            self.held.set()
            self.waited_for.wait()
            time.sleep(self.seconds)

    async def ready(self):
        while not self.held.is_set():
            await asyncio.sleep(0.001)


@blocks(0.2, kind="sleep")
async def lock_held_by_a_thread():
    lock = threading.Lock()
    holder = Holder(lock, 0.2)
    await holder.ready()
    holder.waited_for.set()
    with lock:  # <- blocks
        pass


@free("lock_held_by_a_thread")
async def lock_held_briefly_by_a_thread():
    lock = threading.Lock()
    holder = Holder(lock, 0.012)
    await holder.ready()
    holder.waited_for.set()
    with lock:
        pass


@free("lock_held_by_a_thread")
async def lock_taken_in_a_thread():
    lock = threading.Lock()
    holder = Holder(lock, 0.2)
    await holder.ready()
    holder.waited_for.set()
    await asyncio.to_thread(lock.acquire)


@free("lock_held_by_a_thread")
async def asyncio_lock():
    lock = asyncio.Lock()

    async def hold():
        async with lock:
            await asyncio.sleep(0.12)

    task = asyncio.create_task(hold())
    await asyncio.sleep(0)
    async with lock:
        await task


@blocks(0.12, kind="sleep", exact=True)
async def lock_acquire_with_timeout():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire(timeout=0.12)  # <- blocks


@free("lock_acquire_with_timeout")
async def lock_acquire_without_blocking():
    lock = threading.Lock()
    lock.acquire()
    for _ in range(10):
        lock.acquire(blocking=False)
        await asyncio.sleep(0.01)


@blocks(0.2, kind="sleep")
async def rlock_held_by_a_thread():
    lock = threading.RLock()
    holder = Holder(lock, 0.2)
    await holder.ready()
    holder.waited_for.set()
    lock.acquire()  # <- blocks
    lock.release()


@free("rlock_held_by_a_thread")
async def rlock_of_ones_own():
    lock = threading.RLock()
    with lock, lock:
        await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", exact=True)
async def condition_wait():
    condition = threading.Condition()
    with condition:
        condition.wait(0.12)  # <- blocks


@free("condition_wait")
async def asyncio_condition_wait():
    condition = asyncio.Condition()
    async with condition:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(condition.wait(), 0.12)


@blocks(0.12, kind="sleep", exact=True)
async def semaphore_acquire():
    semaphore = threading.Semaphore(0)
    semaphore.acquire(timeout=0.12)  # <- blocks


@free("semaphore_acquire")
async def asyncio_semaphore_acquire():
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Semaphore(0).acquire(), 0.12)


@blocks(0.2, kind="sleep")
async def event_set_by_a_thread():
    event = threading.Event()
    threading.Timer(0.2, event.set).start()
    event.wait()  # <- blocks


@free("event_set_by_a_thread")
async def asyncio_event_set_by_a_thread():
    loop, event = asyncio.get_running_loop(), asyncio.Event()
    threading.Timer(0.12, loop.call_soon_threadsafe, [event.set]).start()
    await event.wait()


@free("event_set_by_a_thread")
async def event_set_soon_by_a_thread():
    event = threading.Event()
    threading.Timer(0.01, event.set).start()
    event.wait()


@blocks(0.12, kind="sleep", exact=True)
async def queue_get():
    with contextlib.suppress(queue.Empty):
        queue.Queue().get(timeout=0.12)  # <- blocks


@free("queue_get")
async def asyncio_queue_get():
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(asyncio.Queue().get(), 0.12)


@free("queue_get")
async def queue_get_nowait():
    items = queue.Queue()
    for _ in range(10):
        with contextlib.suppress(queue.Empty):
            items.get_nowait()
        await asyncio.sleep(0.01)


@blocks(0.12, kind="sleep", exact=True)
async def full_queue_put():
    items = queue.Queue(maxsize=1)
    items.put("first")
    with contextlib.suppress(queue.Full):
        items.put("second", timeout=0.12)  # <- blocks


@free("full_queue_put")
async def asyncio_full_queue_put():
    items = asyncio.Queue(maxsize=1)
    await items.put("first")
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(items.put("second"), 0.12)


@blocks(0.2, kind="sleep")
async def queue_fed_by_a_thread():
    items = queue.SimpleQueue()
    threading.Timer(0.2, items.put, ["late"]).start()
    items.get()  # <- blocks


@free("queue_fed_by_a_thread")
async def queue_fed_soon_by_a_thread():
    items = queue.SimpleQueue()
    threading.Timer(0.01, items.put, ["soon"]).start()
    items.get()


@blocks(0.2, kind="sleep")
async def future_result():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(time.sleep, 0.2)
        future.result()  # <- blocks


@free("future_result")
async def wrapped_future():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        await asyncio.wrap_future(pool.submit(time.sleep, 0.12))


@free("future_result")
async def result_of_a_finished_future():
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        future = pool.submit(time.sleep, 0.05)
        while not future.done():
            await asyncio.sleep(0.005)
        future.result()


@free("future_result")
async def result_of_a_quick_future():
    pool = concurrent.futures.ThreadPoolExecutor(1)
    pool.submit(time.sleep, 0.01).result()
    pool.shutdown(wait=False)


@blocks(0.2, kind="sleep")
async def executor_map():
    pool = concurrent.futures.ThreadPoolExecutor(3)
    list(pool.map(time.sleep, [0.2] * 3))  # <- blocks
    pool.shutdown(wait=False)


@free("executor_map")
async def gather_of_executor_calls():
    pool = concurrent.futures.ThreadPoolExecutor(3)
    loop = asyncio.get_running_loop()
    await asyncio.gather(*(loop.run_in_executor(pool, time.sleep, 0.12) for _ in range(3)))
    pool.shutdown(wait=False)


@blocks(0.2, kind="sleep")
async def wait_for_concurrent_futures():
    pool = concurrent.futures.ThreadPoolExecutor(2)
    futures = [pool.submit(time.sleep, 0.2) for _ in range(2)]
    concurrent.futures.wait(futures)  # <- blocks
    pool.shutdown(wait=False)


@free("wait_for_concurrent_futures")
async def asyncio_wait_for_wrapped_futures():
    pool = concurrent.futures.ThreadPoolExecutor(2)
    futures = [asyncio.wrap_future(pool.submit(time.sleep, 0.12)) for _ in range(2)]
    await asyncio.wait(futures)
    pool.shutdown(wait=False)


@blocks(0.2, kind="sleep")
async def thread_join():
    thread = threading.Thread(target=time.sleep, args=(0.2,))
    thread.start()
    thread.join()  # <- blocks


@free("thread_join")
async def thread_joined_in_a_thread():
    thread = threading.Thread(target=time.sleep, args=(0.12,))
    thread.start()
    await asyncio.to_thread(thread.join)


@free("thread_join")
async def quick_thread_join():
    thread = threading.Thread(target=time.sleep, args=(0.01,))
    thread.start()
    thread.join()


@blocks(0.2, kind="sleep")
async def barrier_wait():
    barrier = threading.Barrier(2)
    threading.Timer(0.2, barrier.wait).start()
    barrier.wait()  # <- blocks


@free("barrier_wait")
async def barrier_waited_for_in_a_thread():
    barrier = threading.Barrier(2)
    threading.Timer(0.12, barrier.wait).start()
    await asyncio.to_thread(barrier.wait)


@blocks(0.2, kind="sleep")
async def result_from_another_loop():
    other = asyncio.new_event_loop()
    thread = threading.Thread(target=other.run_forever, daemon=True)
    thread.start()
    future = asyncio.run_coroutine_threadsafe(asyncio.sleep(0.2), other)
    future.result()  # <- blocks
    other.call_soon_threadsafe(other.stop)
    await asyncio.to_thread(thread.join)
    other.close()


@free("result_from_another_loop")
async def awaited_result_from_another_loop():
    other = asyncio.new_event_loop()
    thread = threading.Thread(target=other.run_forever, daemon=True)
    thread.start()
    await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(asyncio.sleep(0.12), other))
    other.call_soon_threadsafe(other.stop)
    await asyncio.to_thread(thread.join)
    other.close()
