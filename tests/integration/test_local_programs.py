"""The programs of the local stack, started in a folder with a strange name."""

from __future__ import annotations

import json
import sys
import threading
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from harness.waiting import eventually
from infra.local import stack as module
from infra.local.errors import LocalError
from infra.local.folders import owned_run_folder
from infra.local.leftovers import find_marked, stop_marked
from infra.local.programs import BROKER, SERVICES, Program
from infra.local.progress import Progress
from infra.local.settings import Settings, read_settings
from infra.local.stack import Stack, crash
from infra.local.stopping import StopAsked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PRINT_ALL = "import os, signal, sys; print(os.getcwd(), os.environ['ODD'], sys.argv[1], flush=True); signal.pause()"
NOTE_THE_END = """
import signal, sys, time
signal.signal(signal.SIGTERM, lambda *_: (print(time.monotonic()), sys.exit()))
print("started", flush=True)
signal.pause()
"""
IGNORE_THE_END = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); signal.pause()"
#: An interpreter may take so long to start on a busy machine.
START_SECONDS = 60
ODD = "100% é'x \" #1 ;b"


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("LC_ALL", "C")
    return checkout_in(tmp_path / "José's 100% (2) #x")


def checkout_in(folder: Path) -> Settings:
    (folder / ".run" / "logs").mkdir(parents=True)
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return read_settings(folder)


@pytest.fixture
def new_stack() -> Iterator[Callable[[Settings], Stack]]:
    """Makes stacks, and stops them at the end."""
    made: list[Stack] = []

    def make(settings: Settings) -> Stack:
        made.append(Stack(settings, Progress()))
        return made[-1]

    yield make
    for stack in made:
        stack.stop(is_hurried=lambda: True)


def program(settings: Settings, name: str, code: str = PRINT_ALL, stage: int = SERVICES) -> Program:
    log = settings.logs / f"{name}.log"
    command = [str(settings.python), "-c", code, ODD]
    return Program(name, command, settings.root, lambda: log.stat().st_size > 0, {"ODD": ODD}, stage)


def pid_of(settings: Settings, name: str) -> int:
    return int(json.loads(settings.program_pids.read_text("utf-8"))[name])


def test_a_program_gets_its_folder_words_and_variables_unchanged(settings: Settings, new_stack: Callable[[Settings], Stack]) -> None:
    stack = new_stack(settings)

    stack.start([program(settings, "shows")])
    stack.wait_until_ready()

    assert (settings.logs / "shows.log").read_text("utf-8") == f"{settings.root} {ODD} {ODD}\n"


def test_a_program_that_can_not_be_run_ends_the_start_with_the_reason(settings: Settings, new_stack: Callable[[Settings], Stack]) -> None:
    absent = Program("absent", ["/absent/program"], settings.root, lambda: False)

    with pytest.raises(LocalError, match=r"absent can't be run: .*/absent/program"):
        new_stack(settings).start([absent])


def test_a_program_that_ends_again_and_again_ends_the_start_with_its_last_words(
    settings: Settings, new_stack: Callable[[Settings], Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "RESTART_SECONDS", 0)
    stack = new_stack(settings)
    stack.start([replace(program(settings, "fails", "import sys; sys.exit('the reason')"), is_ready=lambda: False)])

    with pytest.raises(LocalError, match=r"fails doesn't start. The end of .*/fails\.log:\n(the reason\n)+"):
        stack.wait_until_ready()


def test_services_end_before_the_broker(settings: Settings, new_stack: Callable[[Settings], Stack]) -> None:
    stack = new_stack(settings)
    stack.start([program(settings, "broker", NOTE_THE_END, BROKER), program(settings, "worker", NOTE_THE_END)])
    stack.wait_until_ready()

    stack.stop(is_hurried=lambda: False)

    ended = {name: float((settings.logs / f"{name}.log").read_text("utf-8").split()[1]) for name in ("broker", "worker")}
    assert ended["worker"] < ended["broker"]


def test_a_hurried_stop_kills_a_program_that_does_not_end(settings: Settings, new_stack: Callable[[Settings], Stack]) -> None:
    stack = new_stack(settings)
    stack.start([program(settings, "deaf", IGNORE_THE_END)])
    stack.wait_until_ready()
    pid = pid_of(settings, "deaf")

    stack.stop(is_hurried=lambda: True)

    assert not psutil.pid_exists(pid)


def test_a_long_log_is_moved_and_goes_on(
    settings: Settings, new_stack: Callable[[Settings], Stack], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "LOG_BYTES", 5)
    stack = new_stack(settings)
    stack.start([replace(program(settings, "writes", "import sys; sys.stdout.write('more than 5 bytes')"), is_ready=lambda: False)])

    with pytest.raises(LocalError):
        stack.wait_until_ready()

    assert (settings.logs / "writes.log.1").read_text("utf-8") == "more than 5 bytes"
    assert (settings.logs / "writes.log").stat().st_size <= len("more than 5 bytes")


def test_what_a_killed_demo_left_is_stopped_at_the_next_start(settings: Settings, new_stack: Callable[[Settings], Stack]) -> None:
    stack = new_stack(settings)
    stack.start([program(settings, "left")])
    stack.wait_until_ready()

    stop_marked(settings.run)

    assert find_marked(settings.run) == []


@pytest.fixture
def two_checkouts(settings: Settings, new_stack: Callable[[Settings], Stack], tmp_path: Path) -> Iterator[tuple[Settings, Settings]]:
    """Two checkouts, each with a running worker."""
    other = checkout_in(tmp_path / "other")
    with owned_run_folder(settings), owned_run_folder(other), ExitStack() as watching:
        for checkout in (settings, other):
            stack = new_stack(checkout)
            stack.start([program(checkout, "worker")])
            stack.wait_until_ready()
            watching.enter_context(watched(stack))
        yield settings, other


@contextmanager
def watched(stack: Stack) -> Iterator[None]:
    """Watch the stack in a thread that ends before the stack is stopped. Else it would start the stopped programs again."""
    is_over = threading.Event()

    def wait(seconds: float) -> None:
        if is_over.wait(seconds):
            raise StopAsked

    def watch() -> None:
        with suppress(StopAsked):
            stack.watch(wait)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_a_crash_ends_the_part_of_this_checkout_alone(two_checkouts: tuple[Settings, Settings], capsys: pytest.CaptureFixture[str]) -> None:
    ours, theirs = two_checkouts
    before = pid_of(ours, "worker"), pid_of(theirs, "worker")

    crash(ours, "worker")

    assert f"worker (process {before[0]}) was killed" in capsys.readouterr().out
    eventually(lambda: pid_of(ours, "worker") != before[0], within=START_SECONDS, what="a worker that is started again")
    assert pid_of(theirs, "worker") == before[1]


def test_a_crash_of_an_unknown_part_names_those_that_run(two_checkouts: tuple[Settings, Settings]) -> None:
    with pytest.raises(LocalError, match="'recommender' runs here: set PART to one of worker"):
        crash(two_checkouts[0], "recommender")


def test_without_a_running_stack_nothing_can_crash(settings: Settings) -> None:
    settings.program_pids.write_text('{"worker": 1}', "utf-8")

    with pytest.raises(LocalError, match=r"No stack runs in .*: start it with `make demo`"):
        crash(settings, "worker")
