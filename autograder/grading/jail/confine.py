"""The jail of a candidate: it confines the process that runs a learner's cells.

All confinement is decided in this module. The jail has layers. Each is used where the machine
allows it, and the names of the layers in force are stored with the grade:

    session, limits         its own session; limits on memory, CPU, processes, files, output
    no new privileges       no program it starts has more rights than it has, not even su
    process namespace       it sees only its own processes, and all of them end with it
    mount namespace         it sees Python, read-only, and its own folder (see filesystem.py)
    network namespace       it has only the interface `lo`; the examiner's servers are on it
    other user              it owns none of our files (when root grades)
    user namespace          it cannot trace or change anything outside
    Landlock, signals       where namespaces are refused: only its own files, no signals to others
    filter of system calls  it uses no part of the kernel that the others do not cover (seccomp.py)

The process, mount and network namespaces come together or not at all. Without them a submission
can reach the network, so `grade` refuses (see `weakness`).
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from autograder.grading.jail import filesystem, landlock, linux, seccomp
from autograder.paths import ROOT

if sys.platform != "win32":
    import resource

GIGABYTE = 1 << 30
LIMITS = {
    # address space: a bot with discord.py, matplotlib and 60 threads needs 1.5 GB of it
    "RLIMIT_AS": 4 * GIGABYTE,
    "RLIMIT_FSIZE": GIGABYTE // 4,
    "RLIMIT_CPU": 600,  # s; the lab that needs most takes 20
    "RLIMIT_NOFILE": 4096,  # the gateway lab has 300 sockets open at the same time
    "RLIMIT_CORE": 0,
}
MEMORY = 4 * GIGABYTE  # of all its processes together; each counts 150 MB of the fork server's
PROCESSES = 400  # processes and threads of one candidate
# Users that own nothing: Debian assigns none of 60000 to 64999. (`nobody` runs the databases.)
USERS = range(60_000, 65_000)
_LOOK = 0.25  # s between two looks at the memory; a process can fill 1 GB in that time

NETWORK = "network namespace"
NAMESPACES = ["process namespace", "mount namespace", NETWORK]


@dataclass(frozen=True)
class Place:
    """Where a candidate works: its own folder, one shared with the servers, and what to hide."""

    own: str
    shared: str
    hidden: tuple[str, ...] = ()
    user: int = USERS[0]  # the user that the candidate becomes when root grades


@dataclass(frozen=True)
class _Offer:
    """What this machine allows the fork server to do for its candidates."""

    namespaces: bool = False
    refused: str = "not tried"  # why there are no namespaces
    other_user: bool = False  # whether the candidate can become another user


_offer = _Offer()


def prepare() -> None:
    """Find out what is allowed. The fork server calls this before its first fork.

    A process that is not root enters a user namespace first: in it, it may make the others.
    """
    global _offer  # noqa: PLW0603 of this process and its forks
    if not linux.here:
        _offer = _Offer(refused=f"{sys.platform} has none")
        return
    try:
        if os.getuid() != 0:
            _own_users()
    except OSError as error:
        _offer = _Offer(refused=str(error))
        return
    _offer = _try(other_user=os.getuid() == 0)
    if os.getuid() == 0 and not _offer.namespaces:  # perhaps only the other user was refused
        _offer = _try(other_user=False)
        if not _offer.namespaces and _reads_as(USERS[0]):
            _offer = _Offer(refused=_offer.refused, other_user=True)


def weakness(layers: Iterable[str]) -> str:
    """Return why these layers are too weak to grade other people's code; empty if they are not."""
    missing = [layer for layer in NAMESPACES if layer not in layers]
    if not missing:
        return ""
    return (
        f"This machine confines submissions too weakly (no {', no '.join(missing)}): they could "
        "reach its network. Grade on a machine that allows namespaces (`python3 -m autograder "
        "doctor` says more), or accept it with --accept-weaker-jail (c.Examine.accept_weaker_jail)."
    )


def open_for(shared: str) -> list[int]:
    """Prepare what an examiner shares with its candidates; return descriptors of namespaces.

    Makes the folder `shared`, for files of both sides. Where namespaces are allowed, this process
    moves into a network that has only `lo`, and into a mount namespace in which the folder has a
    size limit. With the descriptors the candidates join both. The list is empty without namespaces.
    """
    os.mkdir(shared)
    os.chmod(shared, 0o777)  # candidates may be another user; the folder above it is closed
    if not _offer.namespaces:
        return []
    linux.unshare(linux.NEW_NETWORK | linux.NEW_MOUNTS)
    linux.loopback_up()
    linux.mount("none", "/", "", linux.RECURSIVE | linux.PRIVATE)
    # NO_LINKS: a server sees more files than a candidate, and must not follow a candidate's link.
    plain = linux.NO_SETUID | linux.NO_DEVICES | linux.NO_LINKS
    linux.mount("tmpfs", shared, "tmpfs", plain, f"mode=1777,size={filesystem.SHARED_SPACE}")
    return [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in ("net", "mnt")]


def own_user() -> int:
    """Return the user that the candidates of this examiner become when root grades.

    Each examination has a user of its own, because the kernel counts processes per user: a
    candidate that reaches its limit must not use up the limit of another one.
    """
    return USERS[os.getpid() % len(USERS)]


def fork() -> int:
    """Fork a process that will call `enter`; return as `os.fork` does."""
    return linux.fork_as_init() if _offer.namespaces else os.fork()


def enter(place: Place, shared: Sequence[int] = ()) -> list[str]:
    """Confine this process to `place`; return the names of the layers in force.

    `shared` are the descriptors of `open_for`; they are closed here. With namespaces this process
    forks: the child returns from this function, and this process waits for the child's end. The
    working directory of the cells is `place.own/work`. Raises OSError where a step is refused.
    """
    layers = ["session", "limits"]
    if _offer.namespaces:
        for descriptor in shared:
            linux.join(descriptor)
            os.close(descriptor)
        _close_in(place)
        layers += NAMESPACES
    else:
        _settle(place)
    layers += _give_up_rights(place.user)
    _limit()
    if not _offer.namespaces and landlock.version():
        layers += landlock.confine([*filesystem.readable(), "/proc"], _writable(place))
    if seccomp.confine():
        layers.append("filter of system calls")
    _move_in(place)
    return layers


def _own_users() -> None:
    """Enter a user namespace that maps only this user, who has every privilege inside it."""
    user, group = os.getuid(), os.getgid()
    linux.unshare(linux.NEW_USER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _close_in(place: Place) -> None:
    """Build the candidate's file system and go on in a child.

    This process is the first one of its process namespace, and stays so.
    """
    linux.unshare(linux.NEW_MOUNTS | linux.NEW_IPC | linux.NEW_HOST_NAME)
    user = place.user if _offer.other_user else os.getuid()
    target = f"{place.own}.view"
    os.mkdir(target)
    filesystem.build(target, place.own, place.shared, place.hidden, user)
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCHLD])
    child = os.fork()
    if child:
        _keep(child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGCHLD])


def _keep(child: int) -> NoReturn:
    """Reap processes until the child ends or all of them together take too much memory.

    Then this process ends, and so the kernel kills all others in its process namespace.
    """
    os.closerange(3, 4096)
    page = os.sysconf("SC_PAGESIZE")
    while True:
        signal.sigtimedwait([signal.SIGCHLD], _LOOK)
        with contextlib.suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG)[0]) > 0:
                if ended == child:
                    os._exit(0)
        if _pages() * page > MEMORY:
            os._exit(0)


def _pages() -> int:
    """The memory of all processes of this namespace without this one, in pages."""
    pages = 0
    for name in os.listdir("/proc"):
        if name.isdigit() and name != "1":
            with contextlib.suppress(OSError), open(f"/proc/{name}/statm", "rb") as file:
                pages += int(file.read().split()[1])
    return pages


def _settle(place: Place) -> None:
    """Make the candidate's folders in place, where it has no file system of its own."""
    for name in ("home", "tmp", "work"):
        os.makedirs(f"{place.own}/{name}", exist_ok=True)
    if _offer.other_user:
        for above in Path(place.own).parents:  # ours are closed; `_reads_as` has tried the others
            if above.stat().st_mode & 0o001:
                break
            os.chmod(above, 0o711)  # the user may only pass through them
        for folder, folders, files in os.walk(place.own):
            for one in (folder, *(os.path.join(folder, name) for name in (*folders, *files))):
                os.chown(one, place.user, place.user)


def _limit() -> None:
    """Limit what this process may use.

    This must come after the process entered its user namespace. A limit that was set before counts
    for the namespace as a whole, and the kernel compares it with all processes of the user, also
    with those outside of the namespace and in other jails.
    """
    limits = dict(LIMITS)
    if _offer.namespaces or _offer.other_user:  # else the user's other programs count too
        limits["RLIMIT_NPROC"] = PROCESSES
    for name, limit in limits.items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
            resource.setrlimit(kind, (most, most))
    if sys.platform == "linux":  # the kernel kills it first when the machine runs out of memory
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")


def _give_up_rights(user: int) -> list[str]:
    """Become that user if root grades, and give up every privilege forever; return the layers."""
    if not linux.here:
        return []
    layers = []
    if _offer.other_user:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        linux.stay_visible()
        layers.append("other user")
    linux.no_new_privileges()
    layers.append("no new privileges")
    with contextlib.suppress(OSError):  # refused in many containers
        if _offer.namespaces:
            _own_users()
            layers.append("user namespace")
            # forbid a second one inside: as its root, the candidate could reach more kernel bugs
            Path("/proc/sys/user/max_user_namespaces").write_text("0")
    linux.drop_capabilities()
    linux.die_with_parent()
    return layers


def _move_in(place: Place) -> None:
    home, work = f"{place.own}/home", f"{place.own}/work"
    os.environ.update(HOME=home, TMPDIR=f"{place.own}/tmp", PWD=work, USER="learner")
    os.environ["LOGNAME"] = "learner"
    os.environ["UNBLOCKED_NOTES"] = home  # predictions in a notebook must not reach our notes
    tempfile.tempdir = None  # so that tempfile reads TMPDIR again
    os.chdir(work)
    sys.path.insert(0, work)  # as in a kernel, cells can import files next to the notebook


def _writable(place: Place) -> list[str]:
    return [place.own, place.shared, "/dev/shm", *(f"/dev/{name}" for name in filesystem.DEVICES)]


# -- what this machine allows --------------------------------------------------------------------


@functools.cache
def offered() -> tuple[tuple[str, ...], str]:
    """Return the layers that a candidate would have here, and why namespaces are missing.

    Each process asks once: it takes 0.1 s of CPU, and `doctor` wants to know it twice.
    """
    # in a new process, because `prepare` may enter a user namespace
    answer = subprocess.run(
        [sys.executable, "-P", "-m", "autograder.grading.jail.confine"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        return (), answer.stderr.strip().rpartition("\n")[2]
    layers, refused = json.loads(answer.stdout)
    return tuple(layers), refused


def _offered() -> tuple[list[str], str]:
    prepare()
    return _tried()[0] or ["session", "limits"], "" if _offer.namespaces else _offer.refused


def _try(*, other_user: bool) -> _Offer:
    """Try out a jail with namespaces, around an empty process; return what is allowed."""
    global _offer  # noqa: PLW0603 `_tried` reads it
    _offer = _Offer(namespaces=True, other_user=other_user)
    layers, failure = _tried()
    return _offer if layers else _Offer(refused=failure)


def _tried() -> tuple[list[str], str]:
    """Enter a jail in a child; return its layers, or why it was refused."""
    with tempfile.TemporaryDirectory(prefix="unblocked-jail-") as folder:
        own, shared = f"{folder}/own", f"{folder}/shared"
        os.mkdir(own)
        reading, writing = os.pipe()
        try:
            child = fork()
        except OSError as error:
            os.close(reading)
            os.close(writing)
            return [], str(error)
        if child == 0:
            _answer(Place(own, shared), writing)
        os.close(writing)
        with open(reading, encoding="utf-8") as answer:
            said = answer.read()
        os.waitpid(child, 0)
    kind, _, text = said.partition("\n")
    return (text.splitlines(), "") if kind == "ok" else ([], text or "it ended without a word")


def _answer(place: Place, writing: int) -> NoReturn:
    kept = os.dup2(writing, 3) if writing != 3 else writing
    said = "no\n"
    try:
        layers = enter(place, open_for(place.shared))
        _read_ourselves()
        said = "\n".join(["ok", *layers])
    except BaseException as error:
        said = f"no\n{error}"
    finally:
        with contextlib.suppress(OSError):
            os.write(kept, said.encode())
        os._exit(0)


def _read_ourselves() -> None:
    """Raise OSError when this user cannot read Python's own files, or ours."""
    for path in (os.__file__, __file__, *(path for path in sys.path if "-packages" in path)):
        with contextlib.suppress(FileNotFoundError):
            os.close(os.open(path, os.O_RDONLY))


def _reads_as(user: int) -> bool:
    """Whether that user can read Python's files and enter the folder for temporary files."""
    temporary = tempfile.gettempdir()
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(OSError):
            os.setgroups([])
            os.setresuid(user, user, user)
            _read_ourselves()
            os.chdir(temporary)
            code = 0
        os._exit(code)
    return os.waitpid(child, 0)[1] == 0


if __name__ == "__main__":
    print(json.dumps(_offered()))
