"""The environment in which the course's commands run: found, or made as `.venv` on the first start.

`enter` returns if this interpreter has everything that requirements.txt names, as on Binder or in
an environment of the user's own. Otherwise it brings `.venv` up to date and starts the same command
again with the interpreter of `.venv`. This module uses only the standard library, because nothing
else is installed yet.

The installation can be interrupted, and two can be started at the same time:

* The last step writes a stamp into `.venv`: the Python version and the folder, a digest of
  requirements.txt and pyproject.toml, and whether it has the contributors' packages. The stamp is
  written in one step, so an installation that did not reach its end has none.
* During the installation `.venv.lock` is locked, by pip's or uv's process too, and contains
  "unfinished". pip may leave half a package, which it later takes for a whole one. So a start that
  finds "unfinished" begins with an empty `.venv`.

The output of pip and uv is in `.venv.log`.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NoReturn, TextIO

from autograder.environment import installers, requirements, user_name
from autograder.environment.install_progress import MOVES, Moving, last_lines, next_step, said_in
from autograder.environment.pythons import NEWEST, RANGE
from autograder.outcomes import UserMistake
from autograder.paths import ROOT, can_be_written, work_folder

VENV = ROOT / ".venv"
UNFINISHED = "unfinished"
GUARD = ROOT / "autograder" / "grading" / "jupyter" / "nbgrader_config.py"
LIVE_LOG = ROOT / "autograder" / "livelog"
KERNELS = ROOT / "autograder" / "course" / "learner" / "ipython_kernel_config.json"


def enter(arguments: Sequence[str], *, make: bool = True, contributor: bool = False) -> None:
    """Make sure that this command runs in an interpreter with all packages.

    It may install them, and may start the command again in another process. If `make` is false,
    nothing is installed: without a current environment the command goes on in this interpreter.
    With `contributor`, the contributors' packages are needed too.
    Raises UserMistake when the environment cannot be made.
    """
    inside = Path(sys.prefix).resolve() == VENV.resolve()
    here = inside and is_current(VENV, contributor=contributor)
    if not here and not has_everything(contributor=contributor):
        if make and not _is_shared(VENV, contributor=contributor):
            bring_up_to_date(VENV, contributor=contributor)
        if not inside and (is_current(VENV) or _is_shared(VENV)):
            _start_again(arguments)
    _surround()


def is_current(place: Path, *, contributor: bool = False) -> bool:
    """Whether the environment in `place` is complete and was made for the current files."""
    made_for, files, has_extra = _stamped(place)
    return [made_for, files] == _stamp(place) and (has_extra or not contributor)


def _is_shared(place: Path, *, contributor: bool = False) -> bool:
    """Whether the environment is complete, and whoever installed it alone can change it.

    Then it serves every Python and every path under which learners reach the course.
    """
    _, files, has_extra = _stamped(place)
    complete = files == _stamp(place)[1] and (has_extra or not contributor)
    return complete and not can_be_written(place)


def has_everything(*, contributor: bool = False) -> bool:
    """Whether this interpreter has all packages that are needed, in the right versions."""
    return requirements.are_installed(requirements.of(ROOT, contributor=contributor))


def bring_up_to_date(place: Path, *, contributor: bool = False) -> None:
    """Make the environment, or install what changed; first wait for an installation under way.

    Raises UserMistake, with the next step, when that is not possible.
    """
    try:
        with _alone(place) as note:
            if is_current(place, contributor=contributor):
                return
            contributor = contributor or _stamped(place)[2]  # who has these packages keeps them
            more = requirements.of_contributors(ROOT) if contributor else []
            commands = installers.ways(str(python_of(place)), more)
            reuse = note.read() != UNFINISHED and _fits(place)
            why = _what_is_done(place, reuse=reuse)
            _write(note, UNFINISHED)
            _stamp_of(place).unlink(missing_ok=True)
            installed = _install(place, commands, note, why, reuse=reuse)
            _write(note, "")  # also after a failure: pip then leaves things as they were
            if not installed:
                raise UserMistake(
                    "The packages could not be installed; the reason is above (the whole log is"
                    f" {log_of(place).name}). Next step: {next_step(said_in(log_of(place)))}"
                )
            _finish(place, contributor=contributor)
    except OSError as error:
        raise UserMistake(
            f"{place} could not be made ({error}): check that this folder can be written to and"
            " that the disk is not full, then start again. In a course that many share, its owner"
            " has to start this command once."
        ) from error


# How things are installed


def _install(
    place: Path, each: list[installers.Commands], note: TextIO, why: str, *, reuse: bool
) -> bool:
    """Say why, then try the ways one after the other; return whether one of them succeeded."""
    began = time.monotonic()
    if sys.version_info[:2] > NEWEST:
        python = f"Python {sys.version_info.major}.{sys.version_info.minor}"
        _say(f"{python} is newer than any that the course was tried with ({RANGE}). It goes on.")
    _say(why)
    if not reuse:
        venv.create(place, clear=True, symlinks=os.name != "nt", prompt="unblocked")
    log_of(place).write_bytes(b"")
    for commands in each:
        if all(_succeeds(command, place, note) for command in commands):
            _say(f"Installed in {time.monotonic() - began:.0f} s.")
            return True
    return False


def _what_is_done(place: Path, *, reuse: bool) -> str:
    """Return the sentence at the beginning of an installation: what is done, and why."""
    if reuse:
        return "Bringing .venv up to date with requirements.txt and pyproject.toml."
    size = "about 165 packages (0.7 GB) into .venv"
    version, _, made_in = _stamped(place)[0].partition(" ")
    if not made_in:
        return f"First start: installing {size}. This happens only once."
    if made_in != str(place):
        why = f"This course was moved or copied from {Path(made_in).parent}"
    else:
        why = f"Your .venv is for Python {version}, and this is {_stamp(place)[0].split()[0]}"
    return f"{why}: installing {size} again."


def _succeeds(command: list[str], place: Path, note: TextIO) -> bool:
    """Run uv or pip in the repository, with its output in the log; return whether it succeeded."""
    log = log_of(place)
    line = Moving(place, log)
    with (
        open(log, "ab") as sink,
        subprocess.Popen(
            command,
            cwd=ROOT,
            env=installers.environment(),
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
            # If this process is killed, the installer holds the lock until it ends too.
            pass_fds=() if os.name == "nt" else (note.fileno(),),
        ) as process,
    ):
        try:
            while process.poll() is None:
                line.show()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(MOVES)
        except BaseException:  # Ctrl-C must end pip too
            if os.name == "nt":
                process.terminate()
            else:  # pip for another interpreter is two processes: at SIGINT it ends the second one
                process.send_signal(signal.SIGINT)
            process.wait()
            raise
        finally:
            line.end()
    if process.returncode != 0:
        print(last_lines(log), end="")
        _say(f"`{' '.join(command)}` ended with code {process.returncode}.")
    return process.returncode == 0


def log_of(place: Path) -> Path:
    """Return the path of the log with all output of the last installation."""
    return Path(f"{place}.log")


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _fits(place: Path) -> bool:
    """Whether the environment in `place` can be kept: it has this Python and was never moved."""
    made_for, wanted = _stamped(place)[0], _stamp(place)[0]
    if made_for:
        return made_for == wanted
    # Without our stamp it may be the user's own environment, made by an editor: keep that.
    question = "import sys; print('%d.%d' % sys.version_info[:2], sys.prefix)"
    try:
        answer = subprocess.run(
            [python_of(place), "-c", question], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return answer.stdout.strip() == wanted


def python_of(place: Path) -> Path:
    """Return the path of the interpreter of the environment in `place`."""
    return place / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


# The stamp


def _stamp_of(place: Path) -> Path:
    return place / "unblocked-stamp"


def _stamp(place: Path) -> list[str]:
    """Return two lines: if the first differs, make a new environment; if the second, update it."""
    digest = hashlib.sha256()
    for name in ("requirements.txt", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return [f"{version} {place}", digest.hexdigest()]


def _stamped(place: Path) -> tuple[str, str, bool]:
    """Return the two lines of the stamp in `place`, and whether contributors' packages are there.

    Without a stamp both lines are "".
    """
    made_for, files, *more = [*_read(_stamp_of(place)).splitlines(), "", ""]
    return made_for, files, requirements.CONTRIBUTORS in more


def _finish(place: Path, *, contributor: bool) -> None:
    """Add two files of settings, then write the stamp in one step: it is never there in part.

    After a mistake in nbgrader_config.py, the guard also stops an nbgrader that is started by its
    own name. The other file is for kernels, also for those that an editor starts. Both are copied
    here because an editable install leaves out data-files of pyproject.toml.
    """
    for settings, program in ((GUARD, "jupyter"), (KERNELS, "ipython")):
        if settings.is_file():
            (place / "etc" / program).mkdir(parents=True, exist_ok=True)
            shutil.copy(settings, place / "etc" / program)
    fresh = _stamp_of(place).with_suffix(".new")
    lines = [*_stamp(place), *([requirements.CONTRIBUTORS] if contributor else [])]
    fresh.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    fresh.replace(_stamp_of(place))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError:
        return ""


# The lock


@contextlib.contextmanager
def _alone(place: Path) -> Iterator[TextIO]:
    """Lock `.venv.lock` and yield it; the lock ends with the processes that hold it."""
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
        note.seek(1 << 20)  # beyond the text, because other processes cannot read locked bytes
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
    """Replace this process by the same command in the interpreter of `.venv`."""
    command = [str(python_of(VENV)), "-m", "autograder", *arguments]
    sys.stdout.flush()
    if os.name == "nt":  # here exec would return to the prompt while the command still runs
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the console sends Ctrl-C to the child too
        sys.exit(subprocess.call(command))
    try:
        os.execv(command[0], command)
    except PermissionError:
        raise UserMistake(
            f"You may not run {command[0]}: the owner of this course has to make .venv with a"
            " Python that all users can run."
        ) from None


def _surround() -> None:
    """Set the environment variables that all processes of the course need."""
    user_name.ensure(os.environ)
    # nbgrader calls `alembic` by its name.
    _prepend("PATH", str(Path(sys.executable).parent))
    # Kernels run in work/NN_name, and there too `autograder` must be this checkout.
    _prepend("PYTHONPATH", str(ROOT))
    # When nbgrader_config.py has a mistake, nbgrader uses this configuration, which does not grade.
    _prepend("JUPYTER_CONFIG_PATH", str(GUARD.parent))
    # The live log of this checkout: one part for Jupyter's server, one part for the browser.
    _prepend("JUPYTER_CONFIG_PATH", str(LIVE_LOG))
    _prepend("JUPYTER_PATH", str(LIVE_LOG))
    if os.environ.get("UNBLOCKED_WORK"):  # for kernels, which run in other folders
        os.environ["UNBLOCKED_WORK"] = str(work_folder(ROOT))
    if not _home_is_writable():
        home = _other_home()
        for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR"):
            os.environ.setdefault(name, str(home / name.split("_")[1].lower()))
        os.environ.setdefault("IPYTHONDIR", str(home / "ipython"))
        os.environ.setdefault("MPLCONFIGDIR", str(home / "matplotlib"))


def _other_home() -> Path:
    """Return a folder for what Jupyter and matplotlib keep; the last resort is a temporary one."""
    home = work_folder(ROOT) / ".unblocked" / "home"
    try:
        home.mkdir(parents=True, exist_ok=True)
    except OSError:
        home = Path(tempfile.mkdtemp(prefix="unblocked-home-"))
        atexit.register(shutil.rmtree, home, ignore_errors=True)
    return home


def _prepend(variable: str, folder: str) -> None:
    known = os.environ.get(variable, "").split(os.pathsep)
    others = [each for each in known if each not in ("", folder)]
    os.environ[variable] = os.pathsep.join([folder, *others])


def _home_is_writable() -> bool:
    try:
        home = Path.home()
        return home.is_dir() and os.access(home, os.W_OK)
    except RuntimeError:  # there is no home directory
        return False
