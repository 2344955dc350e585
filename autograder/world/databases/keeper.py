"""A directory and the process that works in it: both end when this process ends, for any reason.

A keeper is a shell (1 MB) that waits for the end of a pipe. Only this process holds the other end.
The pipe closes when this process stops in good order, and also when SIGKILL ends it. Then the
keeper kills the database's process, waits for it, and removes the directory. Both cases take the
same path, so the tests of one hold for the other.

Databases refuse to run as root, or should not do so. If we are root, they run as another user (see
`account`).
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.environment import user_name
from autograder.outcomes import UserMistake

NOBODY = 65534
SHELL = "/bin/sh"

# Each line on stdin is the current process (0: none, -n: the group n); the end of stdin is the end.
# `kill` still finds a killed process that init does not reap, hence at most 100 tries of 20 ms.
_KEEPER = """
trap '' HUP INT TERM
pid=0
while read -r line; do pid=$line; done
n=0
while [ "$pid" != 0 ] && [ $n -lt 100 ] && kill -s "$1" -- "$pid" 2>/dev/null; do
    sleep 0.02; n=$((n + 1))
done
rm -rf "$2"
"""


def is_keeper(process: int) -> bool:
    """Return True for the shell of a keeper: it cleans up and ends by itself, so do not kill it."""
    try:
        words = Path(f"/proc/{process}/cmdline").read_text(errors="replace").split("\0")
    except OSError:
        return False
    return words[:3] == [SHELL, "-c", _KEEPER]


@dataclass(frozen=True)
class SystemAccount:
    """The account that a database runs as.

    It is another user, or this one with a command as prefix that gives it another number.
    """

    user: int | None = None
    prefix: tuple[str, ...] = ()


@functools.cache
def account() -> SystemAccount:
    """Return the account that databases run as: our own, unless we are root or have no name.

    In a user namespace that knows only root, a second namespace inside it gives root another
    number. In a container whose user has no name, it gives the number of one that has. Raises
    UserMistake when root cannot become another user.
    """
    if os.name != "posix" or (os.getuid() != 0 and user_name.known()):
        return SystemAccount()
    if os.getuid() == 0:
        choices = (SystemAccount(user=NOBODY), _renamed(1000))
    else:
        choices = (_renamed(NOBODY), SystemAccount())
    for choice in choices:
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            subprocess.run([*choice.prefix, "true"], **_as(choice), check=True, capture_output=True)
            return choice
    raise UserMistake(
        "databases do not run as root, and root cannot become another user here: "
        "start the course as an ordinary user"
    )


def _renamed(user: int) -> SystemAccount:
    return SystemAccount(prefix=("unshare", "--user", f"--map-user={user}", f"--map-group={user}"))


def has_name() -> bool:
    """Whether the system has a name for the account of databases; PostgreSQL needs one."""
    return account() != SystemAccount() or user_name.known()


def can_run(program: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> bool:
    """Return True if the databases' account can run a program, which may be in a closed home."""
    who = account()
    try:
        subprocess.run(
            [*who.prefix, program, *arguments],
            **_as(who),
            env={**os.environ, **(environment or {})},
            cwd="/",
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True


class Keeper:
    """One private directory, with at most one process in it at a time."""

    def __init__(self, what: str, ending: signal.Signals = signal.SIGTERM) -> None:
        self._directory: Path | None = None
        self.account = SystemAccount()
        self._what = what
        self._ending = ending
        self._shell: asyncio.subprocess.Process | None = None
        self._process: asyncio.subprocess.Process | None = None

    async def open(self) -> Path:
        """Make the directory, owned by the account of databases and closed to others.

        Raises UserMistake when there is no room for it.
        """
        who = self.account = await asyncio.to_thread(account)
        try:
            place = await asyncio.to_thread(_place, who)
            made = tempfile.mkdtemp(prefix=f"unblocked-{self._what.lower()}-", dir=place)
            if who.user is not None:
                os.chown(made, who.user, who.user)
        except OSError as error:
            raise UserMistake(
                f"{self._what} found no room for its files ({error.strerror}): free some space in "
                f"{tempfile.gettempdir()}, or set TMPDIR to another directory"
            ) from None
        self._directory = Path(made)
        if os.name == "posix":
            self._shell = await asyncio.create_subprocess_exec(
                SHELL, "-c", _KEEPER, "keeper", self._ending.name.removeprefix("SIG"), made,
                stdin=asyncio.subprocess.PIPE, cwd="/", start_new_session=True,
            )  # fmt: skip
        return self._directory

    @property
    def directory(self) -> Path:
        """The directory that `open` made; it never changes. Raises RuntimeError before `open`."""
        if self._directory is None:
            raise RuntimeError(f"the files of {self._what} have no directory yet: call open first")
        return self._directory

    async def run(
        self, command: Sequence[str | Path], given: bytes = b"", **environment: str
    ) -> None:
        """Run a command to its end. If it fails, raises UserMistake with its last error line."""
        process = await self._spawn(command, environment, asyncio.subprocess.PIPE)
        self._note(-process.pid)  # the group: initdb starts processes of its own
        try:
            _, said = await process.communicate(given)
        except BaseException:
            # Cancelled, because the supervisor ends: a command that still runs would write into the
            # directory while it is removed, and so create it again.
            await _end_group(process)
            raise
        finally:
            self._note(0)
        if process.returncode:
            raise self._failure(said.decode(errors="replace"))

    async def start(self, command: Sequence[str | Path], **environment: str) -> None:
        """Start the process; its error output goes into the file `log` of the directory."""
        with (self.directory / "log").open("wb") as log:
            self._process = await self._spawn(command, environment, log)
        self._note(self._process.pid)

    @property
    def pid(self) -> int:
        return self._process.pid if self._process is not None else 0

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def check(self) -> None:
        """Raise UserMistake with the last error line of the process when it has ended."""
        if not self.running:
            raise self._failure((self.directory / "log").read_text(errors="replace"))

    async def ended(self) -> int:
        """Wait until the process has ended, for whatever reason, and return its exit code."""
        process = self._process
        if process is None:
            raise RuntimeError(f"{self._what} has no process yet: call start first")
        code = await process.wait()
        if process is self._process:
            self._note(0)  # its number may soon be another program's
        return code

    async def kill(self) -> None:
        """End the process immediately, as a crash does; its files stay."""
        if self._process is not None and self.running:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self._ending)
            await self._process.wait()
        self._note(0)

    async def close(self) -> None:
        """End the process and remove the directory, if `open` made one."""
        await self.kill()
        if self._directory is None:
            return
        if self._shell is None:
            await asyncio.to_thread(shutil.rmtree, self._directory, ignore_errors=True)
            return
        assert self._shell.stdin is not None
        self._shell.stdin.close()
        await self._shell.wait()

    async def _spawn(
        self, command: Sequence[str | Path], environment: Mapping[str, str], errors: Any
    ) -> asyncio.subprocess.Process:
        talks = errors is asyncio.subprocess.PIPE
        try:
            return await asyncio.create_subprocess_exec(
                *self.account.prefix,
                *map(str, command),
                **_as(self.account),
                stdin=asyncio.subprocess.PIPE if talks else asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors,
                cwd=self.directory,
                env={**_kept(), "LC_ALL": "C", **environment},
                start_new_session=True,
            )
        except OSError as error:
            raise self._failure(f"error: {error}") from None

    def _note(self, pid: int) -> None:
        if self._shell is not None and self._shell.stdin is not None:
            self._shell.stdin.write(b"%d\n" % pid)

    def _failure(self, said: str) -> UserMistake:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        telling = [line for line in lines if "error" in line.lower() or "fatal" in line.lower()]
        # MariaDB's last one says "Aborting", and one above it says why
        reasons = [line for line in telling if not line.endswith("Aborting")]
        last = (reasons or telling or lines or ["it gave no reason"])[-1]
        return UserMistake(
            f"{self._what} did not start ({last[:200]}): `python3 -m autograder doctor` lists what "
            f"it needs; its files are in {tempfile.gettempdir()}"
        )


def _kept() -> dict[str, str]:
    """Return what a server needs of our environment; Windows opens no socket without the second."""
    found = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    return {"PATH": os.defpath, **found}


async def _end_group(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


def _as(who: SystemAccount) -> dict[str, Any]:
    if who.user is None:
        return {}
    return {"user": who.user, "group": who.user, "extra_groups": []}


def _place(who: SystemAccount) -> Path:
    """Return a directory for temporary files that the account can enter, if there is one."""
    usual = Path(tempfile.gettempdir())
    if who.user is None:
        return usual
    for place in (usual, Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")):
        if all(parent.stat().st_mode & 0o001 for parent in (place, *place.resolve().parents)):
            return place
    return usual


if sys.platform == "win32":
    SHELL = ""  # no shell, so no keeper: on Windows only a stop in good order cleans up
