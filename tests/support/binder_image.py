"""What Binder would build, without Docker: repo2docker's own Dockerfile, followed in a chroot.

`python3 binder_image.py REPOSITORY IMAGE COMMAND...` makes the folder IMAGE in memory, writes
IMAGE.json beside it, and runs the command, which finds the image there. It must be started by
`namespaces.apart`: whatever it mounts, the image too, is gone with its last process, so that there
is never anything to remove.

Two things stand in for others, because their makers' registries need not be reachable: the system
of buildpack-deps is a minimal Debian or Ubuntu from the mirror this machine installs from, and
conda's environment is a venv of its Python with PyPI's packages in the versions of repo2docker's
lock. Minimal means stricter: there is no compiler and no git that an install could lean on.
"""

from __future__ import annotations

import ast
import io
import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

USER, UID = "jovyan", 1000
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# The release whose Python is the one of runtime.txt, or next to it.
RELEASES = {"debian": ("trixie", "main"), "ubuntu": ("noble", "main,universe")}
INCLUDED = "python3,python3-venv,ca-certificates"  # what conda and buildpack-deps bring
SPACE = "3g"  # twice what the image takes
NOT_IN_GIT = {".git", ".venv", ".clients", "work", "__pycache__", "screenshots", "build"}
# What repo2docker's conda/environment.yml names, beside Python, pip and node.
SERVER = ["ipywidgets", "jupyter-offlinenotebook", "jupyter-resource-usage", "jupyter-server"]
SERVER += ["jupyterhub", "jupyterlab", "notebook"]


def dockerfile(repository: Path) -> str:
    """Return the Dockerfile that Binder would build this repository with; takes a second."""
    program = shutil.which("jupyter-repo2docker") or "jupyter-repo2docker"
    options = ["--no-build", "--debug", "--user-id", str(UID), "--user-name", USER]
    return subprocess.run(
        [program, *options, str(repository)], stdout=subprocess.PIPE, text=True, check=True
    ).stdout


def instructions(text: str) -> Iterator[tuple[str, str]]:
    """The words of a Dockerfile, each with all that follows it."""
    lines = iter(text.splitlines())
    for line in lines:
        if not line.strip() or line.startswith("#"):
            continue
        while line.endswith("\\"):
            line += "\n" + next(lines)  # noqa: PLW2901 an instruction goes on
        word, _, rest = line.strip().partition(" ")
        yield word, rest.strip()


@dataclass
class Image:
    """The folder that becomes the image, and what earlier instructions set."""

    repository: Path
    root: Path
    environment: dict[str, str] = field(default_factory=lambda: {"PATH": PATH})
    arguments: dict[str, str] = field(default_factory=lambda: {"NB_USER": USER, "NB_UID": str(UID)})
    user: str = "root"
    folder: str = "/"
    entrypoint: list[str] = field(default_factory=list)
    lent: list[Path] = field(default_factory=list)
    repo2docker: Path = Path("/-")  # the package, known once one of its files is copied

    def follow(self, word: str, rest: str) -> None:
        """Do what one instruction says. Raises KeyError for one that repo2docker never wrote."""
        {
            "FROM": self._from,
            "ENV": self._env,
            "ARG": self._arg,
            "RUN": self._run,
            "COPY": self._copy,
            "USER": self._user,
            "WORKDIR": self._workdir,
            "ENTRYPOINT": self._entrypoint,
            "CMD": lambda rest: None,  # Binder gives a command of its own
            "EXPOSE": lambda rest: None,
            "LABEL": lambda rest: None,
        }[word](rest)

    def shell(self, script: str, user: str = "root", **more: str) -> None:
        """Run a script inside, as Docker's RUN does. Raises CalledProcessError."""
        identity = f"{UID}:{UID}" if user == USER else "0:0"
        settings = {**self.arguments, **self.environment, **more}
        command = ["chroot", f"--userspec={identity}", "--groups=", str(self.root)]
        command += ["env", "-i", *(f"{name}={value}" for name, value in settings.items())]
        inside = f"cd {shlex.quote(self.folder)} && {script}"
        subprocess.run([*command, "/bin/sh", "-c", inside], check=True, stdin=subprocess.DEVNULL)

    def put(self, tree: bytes, folder: str, owner: int = 0) -> None:
        """Unpack a tar archive inside; tar itself is inside too, so that no link leads out."""
        identity = [f"--userspec={owner}:{owner}", "--groups="]
        unpack = ["sh", "-c", 'mkdir -p "$1" && tar -x -C "$1"', "", folder]
        subprocess.run(["chroot", *identity, str(self.root), *unpack], input=tree, check=True)

    def _filled(self, text: str) -> str:
        known = {**self.arguments, **self.environment}
        return re.sub(r"\$\{(\w+)\}", lambda match: known[match[1]], text)

    def _from(self, rest: str) -> None:
        release, components = RELEASES[platform.freedesktop_os_release()["ID"]]
        self.system(release, components, INCLUDED, SPACE)

    def system(
        self, release: str, components: str, included: str, space: str, *options: str
    ) -> None:
        """Make a minimal Debian or Ubuntu in memory; `options` are for its apt, then and later."""
        self.root.mkdir(exist_ok=True)
        in_memory = ["-t", "tmpfs", "-o", f"size={space},mode=755", "image", str(self.root)]
        subprocess.run(["mount", *in_memory], check=True)
        command = ["mmdebstrap", "--quiet", "--variant=minbase", f"--components={components}"]
        # As in Docker's own images: nobody needs the files after a power failure, nor what packages
        # say of themselves in other languages.
        command += ["--dpkgopt=force-unsafe-io", '--aptopt=Acquire::Languages "none"']
        command += [*(f"--aptopt={option}" for option in options), f"--include={included}"]
        subprocess.run([*command, release, str(self.root), mirror()], check=True)
        for name in ("resolv.conf", "hosts"):
            shutil.copy(Path("/etc", name), self.root / "etc" / name)
        proc = self.root / "proc"
        subprocess.run(["mount", "-t", "proc", "proc", str(proc)], check=True)
        self.lent.append(proc)
        for path in pip_settings()[1]:
            self.lend(path)

    def lend(self, path: Path) -> None:
        """Let the build read a file or folder of this machine, at the same place."""
        there = self.root / path.relative_to("/")
        (there if path.is_dir() else there.parent).mkdir(parents=True, exist_ok=True)
        if not path.is_dir():
            there.touch()  # a place for a mount is of the kind of what it shows
        for options in (["--bind"], ["-o", "remount,ro,bind"]):
            subprocess.run(["mount", *options, str(path), str(there)], check=True)
        self.lent.append(there)

    def finish(self) -> None:
        """Take back what was lent, and what this machine knows of the network."""
        for there in self.lent:
            subprocess.run(["umount", str(there)], check=True)
        (self.root / "etc/resolv.conf").write_text("")
        (self.root / "etc/hosts").write_text("127.0.0.1\tlocalhost\n")  # as every engine writes it

    def _env(self, rest: str) -> None:
        for setting in shlex.split(rest.replace("\\\n", " ")):
            name, _, value = setting.partition("=")
            self.environment[name] = self._filled(value)

    def _arg(self, rest: str) -> None:
        name, given, value = rest.partition("=")
        if given:
            self.arguments[name] = self._filled(value)

    def _run(self, rest: str) -> None:
        if "install-base-env.bash" in rest:
            self._base_environment()
        else:
            self.shell(rest, self.user, **pip_settings()[0])

    def _base_environment(self) -> None:
        lock = (self.root / "tmp/env/environment.lock").read_text("utf-8")
        pins = re.findall(r"/([^/]+)-([^-/]+)-py[^-/]*\.(?:conda|tar\.bz2)", lock)
        constraints = "".join(f"{name}=={version}\n" for name, version in pins)
        self.put(packed("constraints.txt", constraints.encode()), "/tmp/env")
        self.shell(
            "python3 -m venv $NB_PYTHON_PREFIX &&"
            " $NB_PYTHON_PREFIX/bin/pip install -q --no-cache-dir --constraint"
            f" /tmp/env/constraints.txt {' '.join(SERVER)} &&"
            " chown -R $NB_USER:$NB_USER $CONDA_DIR && rm -r /tmp/install-base-env.bash /tmp/env",
            **pip_settings()[0],
        )

    def _copy(self, rest: str) -> None:
        *options, source, target = shlex.split(self._filled(rest))
        path = self._source(source)
        mode = next((int(one[8:], 8) for one in options if one.startswith("--chmod=")), None)
        owner = UID if f"--chown={UID}:{UID}" in options else 0
        if target.endswith("/activate-conda.sh"):
            activate = f"export PATH={self.environment['NB_PYTHON_PREFIX']}/bin:$PATH\n"
            self.put(packed("activate-conda.sh", activate.encode()), str(Path(target).parent))
        elif path.is_dir():
            self.put(archived(path, "", owner, mode), target)
        else:
            place = Path(target)
            self.put(archived(path, place.name, owner, mode), str(place.parent))

    def _source(self, source: str) -> Path:
        """Where on this machine a file of the build's context is."""
        if source.startswith("src/"):
            return self.repository / source.removeprefix("src/")
        if source.startswith("build_script_files/"):  # the path, escaped, and a digest
            escaped = source.removeprefix("build_script_files/")[:-7]
            path = re.sub("-([0-9a-f]{2})", lambda match: chr(int(match[1], 16)), escaped)
            self.repo2docker = Path(path.partition("/buildpacks/")[0])
            return Path(path)
        return self.repo2docker / "buildpacks" / source.lstrip("/")

    def _user(self, rest: str) -> None:
        self.user = self._filled(rest)

    def _workdir(self, rest: str) -> None:
        self.folder = self._filled(rest)

    def _entrypoint(self, rest: str) -> None:
        self.entrypoint = json.loads(rest)


def archived(path: Path, name: str, owner: int, mode: int | None) -> bytes:
    """A tar archive of a file, or of a folder as git would have it."""

    def kept(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if NOT_IN_GIT & set(Path(entry.name).parts):
            return None
        entry.uid = entry.gid = owner
        entry.uname = entry.gname = ""
        entry.mode = mode or entry.mode
        return entry

    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.add(path, name, filter=kept)
    return made.getvalue()


def packed(name: str, content: bytes, owner: int = 0) -> bytes:
    """A tar archive of one file."""
    entry, made = tarfile.TarInfo(name), io.BytesIO()
    entry.size, entry.uid, entry.gid = len(content), owner, owner
    with tarfile.open(fileobj=made, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(content))
    return made.getvalue()


def mirror() -> str:
    """The address that this machine's apt installs its own release from."""
    asked = ["apt-get", "indextargets", "--format", "$(REPO_URI)|$(CODENAME)|$(COMPONENT)"]
    said = subprocess.run(asked, stdout=subprocess.PIPE, text=True, check=True).stdout
    own = platform.freedesktop_os_release()["VERSION_CODENAME"]
    rows = [line.split("|") for line in said.splitlines()]
    return next(uri for uri, name, part in rows if (name, part) == (own, "main"))


def pip_settings() -> tuple[dict[str, str], list[Path]]:
    """This machine's pip settings as variables, and the files and folders they lead to."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout
    variables: dict[str, str] = {}
    for key, value in re.findall(r"^(\S+?)=('.*'|\".*\")$", listed, re.MULTILINE):
        section, _, name = key.rpartition(".")
        if section in ("global", "install", ":env:") and name != "no-cache-dir":
            variables["PIP_" + name.replace("-", "_").upper()] = ast.literal_eval(value)
    words = [word for value in variables.values() for word in value.split()]
    # An index on disk is a folder of pages beside the folder of files they name.
    lent = {Path(word[7:].rstrip("/")).parent for word in words if word.startswith("file:///")}
    lent |= {Path(word) for word in words if word.startswith("/")}
    return variables, sorted(path for path in lent if path.exists() and len(path.parts) > 2)


def kilobytes(*paths: Path) -> list[int]:
    """What each of these takes on disk, beside those before it."""
    command = ["du", "-skx", *map(str, paths)]
    said = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [int(line.split()[0]) for line in said.splitlines()]


def build(repository: Path, root: Path) -> dict[str, Any]:
    """Build, and return what the image is and where the time went."""
    image = Image(repository, root)
    seconds: list[tuple[float, str]] = []
    for word, rest in instructions(dockerfile(repository)):
        began = time.monotonic()
        image.follow(word, rest)
        seconds.append((time.monotonic() - began, f"{word} {' '.join(rest.split())}"[:70]))
    image.finish()
    prefix = root / image.environment["NB_PYTHON_PREFIX"].lstrip("/")
    packages = list(prefix.glob("lib/python3*/site-packages/*"))
    largest = sorted(zip(kilobytes(*packages), [one.name for one in packages], strict=True))
    return {
        "entrypoint": image.entrypoint,
        "environment": image.environment,
        "folder": image.folder,
        "seconds": sorted(seconds, reverse=True),
        "kilobytes": {"all": kilobytes(root)[0], "Python and packages": kilobytes(prefix)[0]},
        "largest": largest[:-9:-1],
    }


def main(repository: Path, root: Path, command: list[str]) -> int:
    """Build with all output on stderr, and return how the command ended."""
    out = os.dup(1)
    os.dup2(2, 1)
    root.with_suffix(".json").write_text(json.dumps(build(repository, root)), "utf-8")
    return subprocess.run(command, stdout=out, check=False).returncode


if __name__ == "__main__":
    assert os.getpid() == 1, "start me in namespaces of my own"
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]))
