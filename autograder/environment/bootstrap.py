"""The environment that the verbs run in: found, or made as `.venv` on the first start.

`enter` returns when this interpreter has everything that requirements.txt names (as on Binder, or
in an environment of the reader's own); otherwise it brings `.venv` up to date and starts the same
command again in there. Only the standard library is used, because nothing else is there yet.

What makes it safe to interrupt, and to start twice at once:

* a stamp of requirements.txt, pyproject.toml, the Python version and the place is written into
  `.venv` last, in one step, so that an install that did not reach its end is not taken for one;
* `.venv.lock` is locked meanwhile, by pip's or uv's process too, and says "unfinished" until the
  end: pip may leave half a package that it later takes for a whole one, so the next start begins
  with an empty `.venv`.

What pip and uv say is in `.venv.log`.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from autograder.environment.install_progress import MOVES, Moving, last_lines, next_step, said_in
from autograder.outcomes import UserMistake
from autograder.paths import ROOT

VENV = ROOT / ".venv"
UNFINISHED = "unfinished"
GUARD = ROOT / "autograder" / "grading" / "jupyter" / "nbgrader_config.py"
LIVE_LOG = ROOT / "autograder" / "livelog"


def enter(arguments: Sequence[str], *, make: bool = True) -> None:
    """Return once this interpreter has everything; may replace the process to get there.

    With `make` false nothing is installed: without a current environment the process goes on as it
    is. Raises UserMistake when the environment cannot be made.
    """
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    if not (inside and is_current(VENV)) and not has_everything():
        if make:
            bring_up_to_date(VENV)
        if not inside and is_current(VENV):
            _start_again(arguments)
    _surround()


def is_current(place: Path) -> bool:
    """Whether the environment in `place` was made, to its end, for the files of today."""
    return _read(_stamp_of(place)) == _stamp(place)


def has_everything() -> bool:
    """Whether the running interpreter has what requirements.txt asks for, in the right versions."""
    try:
        from packaging.requirements import Requirement
    except ImportError:
        return False
    from importlib.metadata import PackageNotFoundError, version

    for line in _read(ROOT / "requirements.txt").splitlines():
        text = line.partition("#")[0].strip()
        if not text or text.startswith("-"):  # "-e ." is this folder: `_surround` sees to it
            continue
        requirement = Requirement(text)
        if requirement.marker and not requirement.marker.evaluate():
            continue
        try:
            found = version(requirement.name)
        except PackageNotFoundError:
            return False
        if not requirement.specifier.contains(found, prereleases=True):
            return False
    return True


def bring_up_to_date(place: Path) -> None:
    """Make the environment, or install into it what changed; another start's install is awaited.

    Raises UserMistake with the next step when that is not possible.
    """
    try:
        with _alone(place) as note:
            if is_current(place):
                return
            commands = ways(str(python_of(place)))
            reuse = note.read() != UNFINISHED and _fits(place)
            _write(note, UNFINISHED)
            _stamp_of(place).unlink(missing_ok=True)
            installed = _install(place, commands, note, reuse=reuse)
            _write(note, "")  # also after a failure: pip then leaves things as they were
            if not installed:
                raise UserMistake(
                    "The packages could not be installed, for the reason above (all that was said"
                    f" is in {log_of(place).name}): {next_step(said_in(log_of(place)))}"
                )
            _finish(place)
    except OSError as error:
        raise UserMistake(
            f"{place} could not be made ({error}): see that this folder can be written to and that"
            " the disk is not full, then start again."
        ) from error


# How things are installed


Commands = list[list[str]]


def _install(place: Path, each: list[Commands], note: TextIO, *, reuse: bool) -> bool:
    """Whether one of the ways, tried in turn, came to its end."""
    began = time.monotonic()
    if reuse:
        _say("Bringing .venv up to date with requirements.txt.")
    else:
        _say("First start: installing about 170 packages (1 GB) into .venv, this once.")
        venv.create(place, clear=True, symlinks=os.name != "nt", prompt="unblocked")
    log_of(place).write_bytes(b"")
    for commands in each:
        if all(_succeeds(command, place, note) for command in commands):
            _say(f"Installed in {time.monotonic() - began:.0f} s.")
            return True
    return False


def ways(python: str) -> list[Commands]:
    """The ways to install into the environment of `python`, best first.

    uv is many times as fast as pip; where it fails, pip may know of certificates or of an index
    that uv does not. Raises UserMistake when there is neither.
    """
    found = []
    what = ["-r", "requirements.txt"]
    uv = shutil.which("uv")
    if uv:
        cache = [] if _uv_can_cache(uv) else ["--no-cache"]
        found.append([[uv, "pip", "install", "--python", python, *cache, *what]])
    if importlib.util.find_spec("ensurepip"):
        pip = [python, "-m", "pip", "install", "--progress-bar", "off", *what]
        found.append([[python, "-m", "ensurepip"], pip])
    elif importlib.util.find_spec("pip"):
        # Debian's python3-pip without python3-venv: that pip can install into another place.
        found.append([[sys.executable, "-m", "pip", "--python", python, "install", *what]])
    if not found:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise UserMistake(
            f"This Python ({sys.executable}) came without ensurepip and pip, so nothing can be"
            f" installed: on Debian and Ubuntu run `sudo apt install python{version}-venv`, then"
            " start again."
        )
    return found


def _succeeds(command: list[str], place: Path, note: TextIO) -> bool:
    """Run uv or pip in the repository. All it says goes to the log; a line shows how far it is."""
    log = log_of(place)
    line = Moving(place, log)
    with (
        open(log, "ab") as sink,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            # Should this process be killed, the lock is held until the installer has ended too.
            pass_fds=() if os.name == "nt" else (note.fileno(),),
        ) as process,
    ):
        try:
            while process.poll() is None:
                line.show()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(MOVES)
        except BaseException:  # Ctrl-C must not leave pip at work
            process.terminate()
            process.wait()
            raise
        finally:
            line.end()
    if process.returncode != 0:
        print(last_lines(log), end="")
        _say(f"`{' '.join(command)}` ended with code {process.returncode}.")
    return process.returncode == 0


def environment() -> dict[str, str]:
    """What pip and uv are run with."""
    ours = {**os.environ, "PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    # For the newest Python mysql-mimic has no wheel: this leaves out its compiled parts, so that
    # pip makes one without a compiler. Only the stand-in for MariaDB is made of it.
    ours["NO_MYPYC"] = "1"
    ours.pop("PYTHONPATH", None)  # pip would count as installed what it finds there
    return ours


def log_of(place: Path) -> Path:
    """Where everything is that the last install said."""
    return Path(f"{place}.log")


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _uv_can_cache(uv: str) -> bool:
    """Whether uv's cache can be written: when it cannot, uv would stop with an error."""
    answer = subprocess.run([uv, "cache", "dir"], capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        return False
    cache = Path(answer.stdout.strip())
    nearest = next(folder for folder in (cache, *cache.parents) if folder.exists())
    return os.access(nearest, os.W_OK)


def _fits(place: Path) -> bool:
    """Whether an environment found in `place` can be kept: the same Python, and never moved."""
    stamp = _read(_stamp_of(place))
    if stamp:
        return stamp.splitlines()[0] == _stamp(place).splitlines()[0]
    # No stamp of ours: perhaps the reader's own environment, made by an editor. It may stay.
    question = "import sys; print('%d.%d' % sys.version_info[:2], sys.prefix)"
    try:
        answer = subprocess.run(
            [python_of(place), "-c", question], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return answer.stdout.strip() == _stamp(place).splitlines()[0]


def python_of(place: Path) -> Path:
    """The interpreter of the environment in `place`."""
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


# The stamp


def _stamp_of(place: Path) -> Path:
    return place / "unblocked-stamp"


def _stamp(place: Path) -> str:
    """Two lines: a change of the first makes the environment useless, of the second only old."""
    digest = hashlib.sha256()
    for name in ("requirements.txt", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return f"{version} {place}\n{digest.hexdigest()}\n"


def _finish(place: Path) -> None:
    """Add the guard, then the stamp in one step: it is there whole, or not at all.

    With the guard a mistake in nbgrader_config.py stops also an nbgrader that is called by its own
    name. An editable install leaves out what pyproject.toml calls data-files.
    """
    if GUARD.is_file():
        (place / "etc" / "jupyter").mkdir(parents=True, exist_ok=True)
        shutil.copy(GUARD, place / "etc" / "jupyter")
    fresh = _stamp_of(place).with_suffix(".new")
    fresh.write_text(_stamp(place), encoding="utf-8")
    fresh.replace(_stamp_of(place))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


# The lock


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[TextIO]:
    """Hold `.venv.lock` and yield it, to be read; a lock dies with the processes that hold it."""
    with open(f"{place}.lock", "a+", encoding="utf-8") as note:
        if not _lock(note, wait=False):
            _say("Another start is installing into .venv: waiting for it to end.")
            while not _lock(note, wait=True):
                pass
        note.seek(0)
        yield note


def _write(note: TextIO, text: str) -> None:
    note.seek(0)
    note.truncate()
    note.write(text)
    note.flush()


if sys.platform == "win32":
    import msvcrt

    def _lock(note: TextIO, *, wait: bool) -> bool:
        note.seek(1 << 20)  # beyond the text: what is locked cannot be read by others
        try:  # LK_LOCK gives up after ten seconds
            msvcrt.locking(note.fileno(), msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _lock(note: TextIO, *, wait: bool) -> bool:
        try:
            fcntl.flock(note, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


# The way in


def _start_again(arguments: Sequence[str]) -> NoReturn:
    """Become the same command, run by the environment's interpreter."""
    command = [str(python_of(VENV)), "-m", "autograder", *arguments]
    sys.stdout.flush()
    if os.name == "nt":  # there exec would return to the prompt while the command still runs
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the console gives Ctrl-C to the child too
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


def _surround() -> None:
    """Set what every process we start relies on, wherever it runs."""
    # nbgrader calls `alembic` by its name.
    _prepend("PATH", str(Path(sys.executable).parent))
    # Kernels run in work/NN_name: there too `autograder` is this checkout, and no other.
    _prepend("PYTHONPATH", str(ROOT))
    # What nbgrader falls back to when nbgrader_config.py has a mistake refuses to grade.
    _prepend("JUPYTER_CONFIG_PATH", str(GUARD.parent))
    # The live log, as it is in this checkout: one part for Jupyter's server, one for the browser.
    _prepend("JUPYTER_CONFIG_PATH", str(LIVE_LOG))
    _prepend("JUPYTER_PATH", str(LIVE_LOG))
    if not _home_is_writable():
        home = ROOT / "work" / ".unblocked" / "home"
        home.mkdir(parents=True, exist_ok=True)
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            os.environ.setdefault(name, str(home / name.split("_")[1].lower()))
        os.environ.setdefault("IPYTHONDIR", str(home / "ipython"))
        os.environ.setdefault("MPLCONFIGDIR", str(home / "matplotlib"))


def _prepend(variable: str, folder: str) -> None:
    known = os.environ.get(variable, "").split(os.pathsep)
    others = [each for each in known if each not in ("", folder)]
    os.environ[variable] = os.pathsep.join([folder, *others])


def _home_is_writable() -> bool:
    try:
        home = Path.home()
        return home.is_dir() and os.access(home, os.W_OK)
    except RuntimeError:  # no home directory could be found out
        return False
