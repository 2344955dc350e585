"""Memory: pages that are not there yet, of a file or of nobody; memory itself is not short.

A cold file is the code's own doing, also through mmap: there the loop sleeps inside an index. How
fast a disk is nobody knows, so each of these goes on until it has held the loop for a time that is
counted without the waits for a CPU.
"""

import asyncio
import functools
import mmap
import os
import tempfile

from autograder.bench.probe.labels import blocks, free
from autograder.bench.probe.sizing import LONG, SHORT, Held

PAGE = 4096
PIECE = 64 * 1024


@functools.cache
def big_file():
    handle = tempfile.TemporaryFile(prefix="corpus-")
    for _ in range(48):
        handle.write(os.urandom(1 << 20))
    handle.flush()
    os.fsync(handle.fileno())
    return handle


def cold():
    """The file, and none of its pages in memory."""
    handle = big_file()
    os.posix_fadvise(handle.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return (handle.fileno(), os.fstat(handle.fileno()).st_size)


def warm():
    """The same with its first pages in memory."""
    file, _ = cold()
    os.pread(file, 1 << 20, 0)
    return (file, 1 << 20)


@blocks(LONG, kind="sleep", given=cold)
async def cold_file_through_mmap(file, size):
    held, at = Held(), 0
    with mmap.mmap(file, size, prot=mmap.PROT_READ) as pages:
        pages.madvise(mmap.MADV_RANDOM)
        while held.below(LONG):  # <- blocks
            for _ in range(16):  # <- blocks
                pages[at % size]  # <- blocks
                at += PAGE  # <- blocks


@free("cold_file_through_mmap", given=warm)
async def warm_file_through_mmap(file, size):
    with mmap.mmap(file, size, prot=mmap.PROT_READ) as pages:
        for at in range(0, size, PAGE):
            pages[at]
            if at % PIECE == 0:
                await asyncio.sleep(0)


@blocks(LONG, kind="sleep", given=cold)
async def cold_file_read(file, size):
    held, at = Held(), 0
    while held.below(LONG):  # <- blocks
        os.pread(file, PIECE, at % size)  # <- blocks
        at += PIECE  # <- blocks


@free("cold_file_read", given=cold)
async def cold_file_read_in_thread(file, size):
    for at in range(0, size // 4, 1 << 20):
        await asyncio.to_thread(os.pread, file, 1 << 20, at)


@free("cold_file_read", given=warm)
async def warm_file_read(file, size):
    for at in range(0, size, PIECE):
        os.pread(file, PIECE, at)
        await asyncio.sleep(0)


@blocks(LONG, kind="cpu")
async def fresh_memory():
    held = Held()
    while held.below(LONG):  # <- blocks
        bytearray(1 << 20)  # <- blocks


@free("fresh_memory")
async def a_little_fresh_memory():
    held = Held()
    while held.below(SHORT):
        bytearray(1 << 20)
    await asyncio.sleep(0)


@free("fresh_memory")
async def fresh_memory_between_other_work():
    for _ in range(40):
        bytearray(1 << 20)
        await asyncio.sleep(0)
