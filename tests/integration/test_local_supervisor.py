"""supervisord of the local stack, started in a folder with a strange name."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from harness.waiting import eventually
from infra.local.crash import crash
from infra.local.errors import LocalError
from infra.local.programs import SERVICES, Program
from infra.local.progress import Progress
from infra.local.settings import Settings, read_settings
from infra.local.stack import Stack
from infra.local.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRINT_ALL = "import os, sys; print(os.getcwd(), os.environ['ODD'], sys.argv[1], flush=True); sys.stdin.read()"
#: An interpreter may take so long to start on a busy machine.
START_SECONDS = 60
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
        eventually(lambda: not supervisor.is_running, within=START_SECONDS)  # noqa: B023


def program(settings: Settings, name: str) -> Program:
    command = [str(settings.python), "-c", PRINT_ALL, ODD]
    return Program(name, command, settings.root, 5, lambda: True, {"ODD": ODD}, group=SERVICES)


def test_a_program_gets_its_folder_words_and_variables_unchanged(settings: Settings, supervisors: list[Supervisor]) -> None:
    log = settings.logs / "shows.log"
    supervisors.append(Supervisor(settings, [program(settings, "shows")]).start())
    eventually(lambda: supervisors[0].processes() != [], within=START_SECONDS)

    supervisors[0].start_services()

    eventually(lambda: log.exists() and log.read_text("utf-8").splitlines()[:1] == [f"{settings.root} {ODD} {ODD}"], within=START_SECONDS)


@pytest.fixture
def start(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Program], Stack]]:
    """Starts a stack of one program, without a broker."""
    stack = Stack(settings, Progress(), is_reloading=False)

    def start_one(program: Program) -> Stack:
        monkeypatch.setattr("infra.local.stack.broker_programs", lambda *_: [])
        monkeypatch.setattr("infra.local.stack.choose_broker", lambda *_: None)
        monkeypatch.setattr("infra.local.stack.service_programs", lambda *_, **__: [program])
        stack.start()
        return stack

    yield start_one
    stack.stop(is_hurried=lambda: False)


def test_a_failed_start_shows_where_supervisord_said_why(settings: Settings, start: Callable[[Program], Stack]) -> None:
    stack = start(program(settings, "an invalid name"))

    with pytest.raises(LocalError, match=r"supervisord\.out:\n.*Invalid name: 'an invalid name'"):
        stack.start_services()


def test_a_program_that_can_not_be_run_ends_the_start_with_the_reason(settings: Settings, start: Callable[[Program], Stack]) -> None:
    stack = start(Program("absent", ["/absent/program"], settings.root, 5, lambda: False, group=SERVICES))

    with pytest.raises(LocalError, match=r"absent can't be run: .*/absent/program"):
        stack.start_services()


@pytest.fixture
def two_checkouts(settings: Settings, supervisors: list[Supervisor], tmp_path: Path) -> tuple[Settings, Settings]:
    """Two checkouts, each with a running worker."""
    other = replace(settings, root=tmp_path / "other")
    (other.root / ".run" / "logs").mkdir(parents=True)
    (other.root / ".venv").symlink_to(settings.venv)
    for checkout in (settings, other):
        supervisor = Supervisor(checkout, [program(checkout, "worker")]).start()
        supervisors.append(supervisor)
        eventually(lambda: supervisor.processes() != [], within=START_SECONDS)  # noqa: B023
        supervisor.start_services()
    eventually(lambda: all(pid_of_worker(supervisor) for supervisor in supervisors), within=START_SECONDS)
    return settings, other


def pid_of_worker(supervisor: Supervisor) -> int:
    """Return 0 while the worker doesn't run, or its supervisor doesn't answer."""
    return next((int(process["pid"]) for process in supervisor.processes()), 0)


def test_a_crash_ends_the_part_of_this_checkout_alone(two_checkouts: tuple[Settings, Settings], supervisors: list[Supervisor]) -> None:
    ours, theirs = supervisors
    before = pid_of_worker(ours), pid_of_worker(theirs)

    killed = crash(two_checkouts[0], "worker")

    assert killed == before[0]
    eventually(lambda: pid_of_worker(ours) not in {0, killed}, within=START_SECONDS, what="a worker that is started again")
    assert pid_of_worker(theirs) == before[1]


def test_a_crash_of_an_unknown_part_names_those_that_run(two_checkouts: tuple[Settings, Settings]) -> None:
    with pytest.raises(LocalError, match="'recommender' runs here: set PART to one of worker"):
        crash(two_checkouts[0], "recommender")


def test_without_a_running_stack_nothing_can_crash(settings: Settings) -> None:
    with pytest.raises(LocalError, match=r"No stack runs in .*: start it with `make demo`"):
        crash(settings, "worker")
