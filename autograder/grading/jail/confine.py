"""The room of a candidate: what the process that runs a learner's cells is confined to.

This is the one place where confinement is decided. Layers, each used where the machine allows it;
the names of those in force are stored with the grade:

    session, limits         its own session; memory, CPU, processes, files, output have a bound
    no new privileges       no program it starts has more rights than it, not even su
    process namespace       it sees no process but its own, and all of them end with it
    mount namespace         it sees Python, read-only, and a folder of its own (see view.py)
    network namespace       it has `lo`, and nothing else; the room's servers are on it
    other user              it owns nothing of ours (when root grades)
    user namespace          it may trace, and change, nothing outside
    Landlock, signals       where namespaces are refused: no files but its own, no one to signal

Namespaces come all together or not at all. Without them a submission can reach the network, so
`grade` refuses (see `weakness`).
"""

from __future__ import annotations

import contextlib
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

from autograder.grading.jail import filesystem, landlock, linux
from autograder.paths import ROOT

if sys.platform != "win32":
    import resource

GIGABYTE = 1 << 30
LIMITS = {
    # of address space: a bot with discord.py, matplotlib and 60 threads needs 1.5 GB of it
    "RLIMIT_AS": 4 * GIGABYTE,
    "RLIMIT_FSIZE": GIGABYTE // 4,
    "RLIMIT_CPU": 600,  # s; the hungriest lab takes 20
    "RLIMIT_NOFILE": 4096,  # the gateway lab holds 300 sockets open at once
    "RLIMIT_CORE": 0,
}
MEMORY = 4 * GIGABYTE  # of all its processes together; one alone has 150 MB from the fork server
PROCESSES = 400  # and threads, of this room alone
# Nobody's: Debian leaves 60000 to 64999 alone, and `nobody` runs the databases.
USERS = range(60_000, 65_000)
_LOOK = 0.25  # s between two looks at the memory: 1 GB can be written to in that time

NETWORK = "network namespace"
NAMESPACES = ["process namespace", "mount namespace", NETWORK]


@dataclass(frozen=True)
class Place:
    """Where a candidate works: its own folder, one shared with the servers, and what to hide."""

    own: str
    shared: str
    hidden: tuple[str, ...] = ()
    user: int = USERS[0]  # whom the candidate becomes when root grades


@dataclass(frozen=True)
class _Offer:
    """What this machine allows the fork server to do for its candidates."""

    namespaces: bool = False
    refused: str = "not tried"  # why it does not
    other_user: bool = False  # for the candidate


_offer = _Offer()


def prepare() -> None:
    """Find out what is allowed; for the fork server, before it forks anybody.

    An ordinary user enters a user namespace first, in which it may make the others.
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
    if os.getuid() == 0 and not _offer.namespaces:  # perhaps it is that user who is refused
        _offer = _try(other_user=False)
        if not _offer.namespaces and _reads_as(USERS[0]):
            _offer = _Offer(refused=_offer.refused, other_user=True)


def weakness(layers: Iterable[str]) -> str:
    """Return why nobody should grade strangers behind these layers alone; empty when one may."""
    missing = [layer for layer in NAMESPACES if layer not in layers]
    if not missing:
        return ""
    return (
        f"This machine confines submissions too weakly (no {', no '.join(missing)}): they could "
        "reach its network. Grade on a machine that allows namespaces (`python3 -m autograder "
        "doctor` says more), or accept it with --accept-weaker-jail (c.Examine.accept_weaker_jail)."
    )


def open_for(shared: str) -> list[int]:
    """Make the room that an examiner shares with its servers and candidates.

    Makes the folder `shared`, for files of both sides. With namespaces this process gets a network
    with `lo` alone, and the folder a bound; returns descriptors with which candidates join both.
    """
    os.mkdir(shared)
    os.chmod(shared, 0o777)  # in a closed folder; candidates may be another user
    if not _offer.namespaces:
        return []
    linux.unshare(linux.NEW_NETWORK | linux.NEW_MOUNTS)
    linux.loopback_up()
    linux.mount("none", "/", "", linux.RECURSIVE | linux.PRIVATE)
    # No links: a candidate must not lead a server, which sees more than it, out of the folder.
    plain = linux.NO_SETUID | linux.NO_DEVICES | linux.NO_LINKS
    linux.mount("tmpfs", shared, "tmpfs", plain, f"mode=1777,size={filesystem.SHARED_SPACE}")
    return [os.open(f"/proc/self/ns/{kind}", os.O_RDONLY | os.O_CLOEXEC) for kind in ("net", "mnt")]


def own_user() -> int:
    """Return whom the candidates of this examiner become when root grades.

    Each examination has a user of its own, because the kernel counts processes by user: one that
    uses up all it may have must leave the others theirs.
    """
    return USERS[os.getpid() % len(USERS)]


def fork() -> int:
    """Fork a process that is to call `enter`."""
    return linux.fork_as_init() if _offer.namespaces else os.fork()


def enter(place: Place, shared: Sequence[int] = ()) -> list[str]:
    """Confine this process to `place` and return the names of the layers in force.

    `shared` are the descriptors of `open_for`, which are closed. With namespaces it is a child of
    this process that returns, and this one waits for its end. The cells' working directory is
    `place.own/work`.
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
    _move_in(place)
    return layers


def _own_users() -> None:
    """Enter a user namespace that knows this user alone, and has every privilege inside."""
    user, group = os.getuid(), os.getgid()
    linux.unshare(linux.NEW_USER)
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _close_in(place: Place) -> None:
    """Build the view and go on in a child; this process is the first of its process namespace."""
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
    """Wait for the child's end; bury what it leaves behind, and end all when they take too much.

    When this process ends the kernel kills every other in its namespace.
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
    """The memory of all processes of this namespace, but for this one."""
    pages = 0
    for name in os.listdir("/proc"):
        if name.isdigit() and name != "1":
            with contextlib.suppress(OSError), open(f"/proc/{name}/statm", "rb") as file:
                pages += int(file.read().split()[1])
    return pages


def _settle(place: Place) -> None:
    """Without a view of its own: make its folders where they are."""
    for name in ("home", "tmp", "work"):
        os.makedirs(f"{place.own}/{name}", exist_ok=True)
    if _offer.other_user:
        for above in Path(place.own).parents:  # ours are closed; in `_reads_as` the others were not
            if above.stat().st_mode & 0o001:
                break
            os.chmod(above, 0o711)  # to pass through; what else lies in them is closed
        for folder, folders, files in os.walk(place.own):
            for one in (folder, *(os.path.join(folder, name) for name in (*folders, *files))):
                os.chown(one, place.user, place.user)


def _limit() -> None:
    """Bound what this process may take.

    Inside of its user namespace: the kernel keeps a bound that is set before for the namespace as a
    whole, and holds it against all processes that the user has outside of it, in other rooms, too.
    """
    limits = dict(LIMITS)
    if _offer.namespaces or _offer.other_user:  # else the user's other programs would count
        limits["RLIMIT_NPROC"] = PROCESSES
    for name, limit in limits.items():
        kind = getattr(resource, name)
        _, hard = resource.getrlimit(kind)
        most = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        with contextlib.suppress(ValueError, OSError):  # macOS refuses some of them
            resource.setrlimit(kind, (most, most))
    if sys.platform == "linux":  # the first to be killed when the machine has no memory left
        with contextlib.suppress(OSError):
            Path("/proc/self/oom_score_adj").write_text("1000")


def _give_up_rights(user: int) -> list[str]:
    """Become that user if root grades, lose every privilege, and for good; return the layers."""
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
            # no second one inside it: there it would be root, before all of the kernel's bugs
            Path("/proc/sys/user/max_user_namespaces").write_text("0")
    linux.drop_capabilities()
    linux.die_with_parent()
    return layers


def _move_in(place: Place) -> None:
    home, work = f"{place.own}/home", f"{place.own}/work"
    os.environ.update(HOME=home, TMPDIR=f"{place.own}/tmp", PWD=work, USER="learner")
    os.environ["LOGNAME"] = "learner"
    os.environ["UNBLOCKED_NOTES"] = home  # a guess in a lab is not the grader's
    tempfile.tempdir = None  # asked for again, so that TMPDIR counts
    os.chdir(work)
    sys.path.insert(0, work)  # as in a kernel, cells import what lies beside the notebook


def _writable(place: Place) -> list[str]:
    return [place.own, place.shared, "/dev/shm", *(f"/dev/{name}" for name in filesystem.DEVICES)]


# -- what is offered -----------------------------------------------------------------------------


def offered() -> tuple[list[str], str]:
    """Return the layers that a candidate would have here, and why namespaces are missing."""
    # in a process of its own, because it may enter a user namespace
    answer = subprocess.run(
        [sys.executable, "-P", "-m", "autograder.grading.jail.confine"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode:
        return [], answer.stderr.strip().rpartition("\n")[2]
    layers, refused = json.loads(answer.stdout)
    return layers, refused


def _offered() -> tuple[list[str], str]:
    prepare()
    return _tried()[0] or ["session", "limits"], "" if _offer.namespaces else _offer.refused


def _try(*, other_user: bool) -> _Offer:
    """Build a room for nobody."""
    global _offer  # noqa: PLW0603 the trial needs it
    _offer = _Offer(namespaces=True, other_user=other_user)
    layers, failure = _tried()
    return _offer if layers else _Offer(refused=failure)


def _tried() -> tuple[list[str], str]:
    """Enter a room in a child, and return its layers, or why it was refused."""
    with tempfile.TemporaryDirectory(prefix="unblocked-room-") as folder:
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
    """Raise OSError when Python's own files cannot be read: they may be closed to others."""
    for place in (os.__file__, __file__, *(path for path in sys.path if "-packages" in path)):
        with contextlib.suppress(FileNotFoundError):
            os.close(os.open(place, os.O_RDONLY))


def _reads_as(user: int) -> bool:
    """Whether that user reaches Python's files and the temporary ones by the paths they have."""
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
