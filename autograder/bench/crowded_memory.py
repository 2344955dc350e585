"""The load *memory group*: a control group whose page cache two processes use up all the time.

Linux charges a page of a file to the group that reads it first. This interpreter is in memory
already, charged elsewhere, and would never be taken away; so the group has a copy of it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from autograder.environment.control_group import anonymous, entering, memory_group, set_limit
from autograder.paths import ROOT

# bytes for files and for what a snippet needs for a moment: 20 to 40 MB for most; with 64 MB the
# kernel ended the worker four times in one campaign
ROOM = 160 << 20
FILE = 400 << 20  # bytes of the file that both processes read
NONE = 1 << 60  # a limit of so many bytes is none
READERS = 2
# Through mmap and twice: pages that are used twice drive out those of an idle program.
_READER = """
import mmap, os, sys, time
parent, over = os.getppid(), time.monotonic() + 3600
file = os.open(sys.argv[1], os.O_RDONLY)
pages = mmap.mmap(file, 0, prot=mmap.PROT_READ)
print(flush=True)
while os.getppid() == parent and time.monotonic() < over:
    for piece in range(0, len(pages), 1 << 20):
        for _ in range(2):
            for at in range(piece, piece + (1 << 20), 4096):
                pages[at]
"""


@dataclass
class Crowd:
    """A group; `python` are the words that run the copied interpreter in it."""

    group: Path
    folder: Path
    python: list[str]
    _squeezed: bool = False
    _starting: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def squeezed(self) -> Iterator[None]:
        """Limit the group to what its processes need and ROOM, and have two of them read."""
        file = self.folder / "file"
        with file.open("wb") as out:
            for _ in range(FILE >> 20):
                out.write(bytes(1 << 20))
            out.flush()
            os.fsync(out.fileno())
            os.posix_fadvise(out.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        self._squeezed = True
        self._set_limit()
        command = [*entering(self.group), sys.executable, "-ISc", _READER, str(file)]
        readers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(READERS)]
        try:
            for reader in readers:
                assert reader.stdout is not None
                reader.stdout.readline()
            yield
        finally:
            for reader in readers:
                reader.kill()
            for reader in readers:
                reader.communicate()
            self._squeezed = False

    @contextlib.contextmanager
    def roomy(self) -> Iterator[None]:
        """Lift the limit while a process starts, and set one anew that leaves it its memory."""
        with self._starting:
            set_limit(self.group, NONE)
            try:
                yield
            finally:
                if self._squeezed:
                    self._set_limit()

    def _set_limit(self) -> None:
        set_limit(self.group, anonymous(self.group) + ROOM)


@contextlib.contextmanager
def crowd() -> Iterator[Crowd | None]:
    """Yield a group without a limit yet; None where none may be made."""
    with memory_group() as group, tempfile.TemporaryDirectory(prefix="bench-memory-") as place:
        folder = Path(place)
        yield Crowd(group, folder, [*entering(group), *_copied(folder)]) if group else None


def _copied(folder: Path) -> list[str]:
    """Copy the interpreter to `folder`; return the words that run it with this one's packages."""
    base = Path(sys.executable).resolve()
    (folder / "bin").mkdir()
    (folder / "pyvenv.cfg").write_text(f"home = {base.parent}\n")
    files = {base: folder / "bin" / "python"}
    library = sysconfig.get_config_var("INSTSONAME")
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        files[Path(sysconfig.get_config_var("LIBDIR"), library)] = folder / library
    for file, copy in files.items():
        shutil.copy(file, copy)
        with copy.open("rb") as written:  # the group is to read it from the disk
            os.fsync(written.fileno())
            os.posix_fadvise(written.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    packages = os.pathsep.join([str(ROOT), *filter(None, sys.path)])
    settings = [f"LD_LIBRARY_PATH={folder}", f"PYTHONPATH={packages}"]
    return ["env", *settings, str(folder / "bin" / "python")]
