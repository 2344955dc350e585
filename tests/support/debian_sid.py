"""The README's two commands on a Python that is newer than this machine's: Debian's, from sid.

`python3 debian_sid.py REPOSITORY FOLDER VERSION ARGUMENT...` makes sid with Python VERSION in
FOLDER, in memory, and runs there, as a user without rights, `lab --no-browser` until it is ready,
the same again, `build --check`, `test ARGUMENT...`, and `test` with one answer of each kind of
every lab. It prints what happened as JSON. It must be started by
`namespaces.apart`: whatever it mounts is gone with its last process.

There is no compiler inside, so a package that must be compiled fails here, as it does on most
learners' machines.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from binder_image import PATH, UID, Image, archived, pip_settings

USER, COURSE = "learner", "/home/learner/unblocked"
SPACE = "4g"  # sid takes 0.3 GB, .venv 1 GB; tests write the rest
READY, LAB_PATIENCE = "ready", 1800.0  # s: an install beside load 9 took 261
# The day after which apt distrusts sid's index is a few days after the mirror's last update; the
# mirror may be older. Signatures are checked as ever.
OLD_MIRROR = 'Acquire::Check-Valid-Until "false"'


def make(repository: Path, root: Path, version: str) -> Image:
    """Return sid with that Python and the repository in it, which belongs to an ordinary user."""
    image = Image(repository, root)
    included = f"python{version},python{version}-venv,ca-certificates"
    image.system("sid", "main", included, SPACE, OLD_MIRROR)
    for kind, place, options in (
        ("tmpfs", "dev/shm", "mode=1777"),
        ("devpts", "dev/pts", "newinstance,ptmxmode=0666,mode=620"),
    ):
        (root / place).mkdir(parents=True, exist_ok=True)
        subprocess.run(["mount", "-t", kind, "-o", options, kind, str(root / place)], check=True)
    image.shell(f"useradd --create-home --uid {UID} {USER}")
    image.put(archived(repository, "", UID, None), COURSE, UID)
    return image


def inside(root: Path, *command: str) -> list[str]:
    """A command in the folder of the course, as the user.

    Not by chroot, in which the kernel refuses namespaces, and `grade` so refuses to work.
    """
    enter = 'cd "$0" && pivot_root . mnt && umount -l /mnt && cd "$1" && shift && exec "$@"'
    identity = ["setpriv", "--reuid", USER, "--regid", USER, "--init-groups", "--no-new-privs"]
    settings = {**pip_settings()[0], "PATH": PATH, "HOME": f"/home/{USER}", "LANG": "C.UTF-8"}
    variables = ["env", "-i", *(f"{name}={value}" for name, value in settings.items())]
    words = [*identity, *variables, *command]
    return ["unshare", "--mount", "sh", "-ec", enter, str(root), COURSE, *words]


def lab(root: Path, python: str) -> dict[str, Any]:
    """Start the first of the commands, end it when it is ready, and tell how that went."""
    said, began, ready = "", time.monotonic(), 0.0
    command = inside(root, "timeout", f"{LAB_PATIENCE}", python, "-m", "autograder", "lab")
    with subprocess.Popen(
        [*command, "--no-browser"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said += line
            if READY in line:
                ready = time.monotonic() - began
                process.terminate()
    return {"said": said, "ready": ready}


def run(root: Path, *command: str) -> dict[str, Any]:
    """Run a command to its end; tests print to stderr as well."""
    began = time.monotonic()
    done = subprocess.run(
        inside(root, *command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return {"said": done.stdout, "code": done.returncode, "seconds": time.monotonic() - began}


def main(repository: Path, root: Path, version: str, arguments: list[str]) -> None:
    """Print what the commands did, with what the making of the system said on stderr."""
    out = os.dup(1)
    os.dup2(2, 1)
    python = f"python{version}"
    make(repository, root, version)
    told = {"python": run(root, python, "--version")["said"].split()[-1]}
    told |= {"first": lab(root, python)}
    if told["first"]["ready"]:
        told |= {"second": lab(root, python)}
        told |= {"doctor": run(root, python, "-m", "autograder", "doctor")}
        told |= {"build": run(root, python, "-m", "autograder", "build", "--check")}
        answers = ("tests/units/test_answers.py", "-q", "-m", "sample")
        told |= {"answers": run(root, python, "-m", "autograder", "test", *answers)}
        told |= {"test": run(root, python, "-m", "autograder", "test", *arguments)}
    os.write(out, json.dumps(told).encode())


if __name__ == "__main__":
    assert os.getpid() == 1, "start me in namespaces of my own"
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4:])
