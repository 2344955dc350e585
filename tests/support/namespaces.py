"""Commands in namespaces and control groups of their own, for tests that are root."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path

PERIOD = 100_000  # microseconds, as Kubernetes sets it


def apart(*command: str, network: bool = True) -> list[str]:
    """A command whose mounts and processes are its own: they end with it, and it with us.

    Without `network` it has nothing but a loopback interface, which is down.
    """
    spaces = ["--mount", "--propagation", "private", "--pid", "--fork", "--mount-proc"]
    spaces += ["--kill-child"] if network else ["--kill-child", "--net"]
    return ["setpriv", "--pdeathsig", "KILL", "unshare", *spaces, *command]


@contextlib.contextmanager
def limited(cpu: float, memory: int = 0) -> Iterator[list[Path] | None]:
    """Control groups whose processes share so many CPUs and bytes; `entering` goes into them.

    None where no such control group can be made.
    """
    quota, most = round(cpu * PERIOD), str(memory or "max")
    second: dict[str, dict[str, str]] = {"": {"cpu.max": f"{quota} {PERIOD}", "memory.max": most}}
    first: dict[str, dict[str, str]] = {
        "cpu": {"cpu.cfs_period_us": str(PERIOD), "cpu.cfs_quota_us": str(quota)},
        "memory": {"memory.limit_in_bytes": most if memory else "-1"},
    }
    for groups in (first, second):
        made: list[Path] = []
        try:
            _make(groups, made)
        except OSError:
            _remove(made)
            continue
        try:
            yield made
        finally:
            _remove(made)
        return
    yield None


def _make(groups: Mapping[str, Mapping[str, str]], made: list[Path]) -> None:
    """Make the control groups of one version."""
    name = f"unblocked-{os.getpid()}-{uuid.uuid4().hex[:6]}"
    for controller, settings in groups.items():
        folder = Path("/sys/fs/cgroup", controller, name)
        folder.mkdir()
        made.append(folder)
        for setting, value in settings.items():
            if not (folder / setting).exists():
                raise OSError(f"{folder} has no {setting}")
            (folder / setting).write_text(value)


def _remove(made: list[Path]) -> None:
    for folder in made:
        with contextlib.suppress(OSError):
            folder.rmdir()  # a control group goes only when nobody is in it
