"""supervisord of the local stack, started in a folder with a strange name."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.waiting import eventually
from infra.local.errors import LocalError
from infra.local.programs import SERVICES, Program
from infra.local.progress import Progress
from infra.local.settings import Settings, read_settings
from infra.local.stack import Stack
from infra.local.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Iterator

PRINT_ALL = "import os, sys; print(os.getcwd(), os.environ['ODD'], sys.argv[1], flush=True); sys.stdin.read()"
ODD = "100% é'x \" #1 ;b"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("LC_ALL", "C")
    checkout = tmp_path / "José's 100% (2) #x"
    (checkout / ".run" / "logs").mkdir(parents=True)
    (checkout / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return read_settings(checkout)


@pytest.fixture
def supervisors(settings: Settings) -> Iterator[list[Supervisor]]:
    started: list[Supervisor] = []
    yield started
    for supervisor in started:
        supervisor.begin_stop()
        eventually(lambda: not supervisor.is_running, within=15)  # noqa: B023


def program(settings: Settings, name: str) -> Program:
    command = [str(settings.python), "-c", PRINT_ALL, ODD]
    return Program(name, command, settings.root, 5, lambda: True, {"ODD": ODD}, group=SERVICES)


def test_a_program_gets_its_folder_words_and_variables_unchanged(settings: Settings, supervisors: list[Supervisor]) -> None:
    log = settings.logs / "shows.log"
    supervisors.append(Supervisor(settings, [program(settings, "shows")]).start())
    eventually(lambda: supervisors[0].processes() != [], within=15)

    supervisors[0].start_services()

    eventually(lambda: log.exists() and log.read_text("utf-8").splitlines()[:1] == [f"{settings.root} {ODD} {ODD}"], within=15)


def test_a_failed_start_shows_where_supervisord_said_why(
    settings: Settings, supervisors: list[Supervisor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infra.local.stack.broker_programs", lambda *_: [])
    monkeypatch.setattr("infra.local.stack.choose_broker", lambda *_: None)
    monkeypatch.setattr("infra.local.stack.service_programs", lambda *_, **__: [program(settings, "an invalid name")])
    stack = Stack(settings, Progress(), is_reloading=False)
    stack.start()

    with pytest.raises(LocalError, match=r"supervisord\.out:\n.*Invalid name: 'an invalid name'"):
        stack.start_services()
