"""What keeps a database's files removes those files, and never anything else."""

from __future__ import annotations

import asyncio
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from autograder.outcomes import UserMistake
from autograder.world.databases.keeper import Keeper
from autograder.world.databases.mariadb import MySQL
from autograder.world.databases.postgres import Postgres
from autograder.world.servers.sqlite_lock import SqliteLock


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory with something precious in it, which must be there afterwards."""
    place = tmp_path / "repository"
    (place / ".git").mkdir(parents=True)
    (place / ".git" / "HEAD").write_text("precious")
    monkeypatch.chdir(place)
    yield place
    assert (place / ".git" / "HEAD").read_text() == "precious"


def full(*_: Any, **__: Any) -> str:
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("kind", [Postgres, MySQL, SqliteLock])
def test_no_room_is_one_sentence_and_costs_no_file_of_the_working_directory(
    kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, a keeper without a directory removed `Path()`: the repository it was started in."""
    monkeypatch.setattr(tempfile, "mkdtemp", full)

    async def check() -> None:
        server = kind()
        with pytest.raises(UserMistake, match=r"No space left.*set TMPDIR"):
            await server.start()
        await server.stop()

    asyncio.run(check())


@pytest.mark.parametrize("kind", [Postgres, MySQL, SqliteLock])
def test_to_stop_what_never_started_removes_nothing(kind: type[Any]) -> None:
    asyncio.run(kind().stop())


def test_there_is_no_directory_before_open() -> None:
    with pytest.raises(RuntimeError, match="call open first"):
        _ = Keeper("Something").directory


def test_a_keeper_removes_its_own_directory_and_ends_its_process(home: Path) -> None:
    async def check() -> None:
        kept = Keeper("Something")
        directory = await kept.open()
        (directory / "file").touch()
        await kept.start(["sleep", "60"])
        pid = kept.pid
        await kept.close()
        assert not directory.exists()
        assert not psutil.pid_exists(pid)

    asyncio.run(check())


def test_a_database_that_did_not_start_is_told_with_its_reason() -> None:
    """MariaDB's last line says that it gives up, and not why."""
    said = "0 [ERROR] mariadbd: Can't lock aria control file\n0 [ERROR] Aborting\n0 [Note] Done\n"
    sentence = str(Keeper("MariaDB")._failure(said))
    assert "Can't lock aria control file" in sentence
    assert "(0 [ERROR] Aborting)" in str(Keeper("MariaDB")._failure("0 [ERROR] Aborting"))


@pytest.mark.parametrize("kind", [Postgres, MySQL])
def test_a_server_can_be_made_on_windows_which_has_fewer_signals(
    kind: type[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.delattr(signal, "SIGQUIT")
    monkeypatch.delattr(signal, "SIGKILL")
    assert kind().keeper is not None


def test_a_server_gets_what_windows_needs_to_open_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYSTEMROOT", "C:/Windows")
    keeper = Keeper("Something")

    async def told() -> str:
        await keeper.open()
        try:
            await keeper.run(["sh", "-c", "printenv SYSTEMROOT >said"])
            return (keeper.directory / "said").read_text().strip()
        finally:
            await keeper.close()

    assert asyncio.run(told()) == "C:/Windows"
