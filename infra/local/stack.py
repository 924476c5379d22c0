"""The running stack: starts programs, starts again those that end, and stops all of them in order."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from infra.local.errors import LocalError
from infra.local.folders import is_owned
from infra.local.leftovers import stop_marked
from infra.local.programs import STOP_SECONDS, Program
from infra.local.progress import Progress, tail
from infra.local.settings import Settings

START_SECONDS = 90
#: A program that ended so often before it was ready is given up.
ATTEMPTS = 3
#: The shortest time between two starts of a program.
RESTART_SECONDS = 1
LOOK_SECONDS = 0.2
SILENCE_SECONDS = 5
LOG_BYTES = 10_000_000


class RunningProgram:
    """A program, and the process that runs it now. Its output is appended to `log`."""

    def __init__(self, program: Program, settings: Settings) -> None:
        self.program = program
        self.log = settings.logs / f"{program.name}.log"
        self._variables = settings.variables
        self._starts = 0
        self.process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        self._starts += 1
        self._started = time.monotonic()
        variables: Mapping[str, str] = {**self._variables, **self.program.variables}
        with self.log.open("ab") as log:
            try:
                # A session of its own: Ctrl-C in the terminal is for the demo, which stops the programs in order.
                return subprocess.Popen(
                    self.program.command,
                    cwd=self.program.folder,
                    env=variables,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            except OSError as error:
                raise LocalError(f"{self.program.name} can't be run: {error}") from error

    def restart_if_ended(self) -> bool:
        _shorten(self.log)
        if self.process.poll() is None or time.monotonic() - self._started < RESTART_SECONDS:
            return False
        self.process = self._start()
        return True

    def check_can_start(self, seconds: float) -> None:
        """Raise LocalError when the program ended too often, or took too long to become ready."""
        if seconds > START_SECONDS or self._starts > ATTEMPTS:
            raise LocalError(f"{self.program.name} doesn't start. The end of {self.log}:\n{tail(self.log)}")

    def kill(self) -> None:
        """End the process at once, and all that it started in its group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Stack:
    """Nothing runs before `start`, and nothing after `stop`."""

    def __init__(self, settings: Settings, progress: Progress) -> None:
        self._settings = settings
        self._progress = progress
        self._running: list[RunningProgram] = []

    def start(self, programs: Sequence[Program]) -> None:
        """Start the programs without waiting for them. Raise LocalError for one that can't be run."""
        for program in programs:
            self._running.append(RunningProgram(program, self._settings))
        self._note()

    def _note(self) -> None:
        """Write each program's process id to a file, for `make crash`."""
        pids = {running.program.name: running.process.pid for running in self._running}
        self._settings.program_pids.write_text(json.dumps(pids), "utf-8")

    def wait_until_ready(self) -> None:
        waiting = list(self._running)
        began = said = time.monotonic()
        while waiting:
            self._restart_ended()
            for running in [running for running in waiting if running.program.is_ready()]:
                waiting.remove(running)
                self._progress.say(f"{running.program.name}: ready")
            for running in waiting:
                running.check_can_start(time.monotonic() - began)
            if time.monotonic() - said > SILENCE_SECONDS and waiting:
                said = time.monotonic()
                self._progress.say(f"waiting for {', '.join(running.program.name for running in waiting)}")
            time.sleep(LOOK_SECONDS)

    def watch(self, wait: Callable[[float], object] = time.sleep) -> None:
        """Keep the programs running until an exception, such as StopAsked, ends this call. `wait` lets seconds pass between two looks."""
        while True:
            for running in self._restart_ended():
                self._progress.say(f"{running.program.name} had ended and was started again: see {running.log}")
            wait(LOOK_SECONDS)

    def _restart_ended(self) -> list[RunningProgram]:
        restarted = [running for running in self._running if running.restart_if_ended()]
        if restarted:
            self._note()
        return restarted

    def stop(self, is_hurried: Callable[[], bool]) -> None:
        """Stop the services, then the broker, then epmd. When hurried, kill them instead of waiting."""
        if not self._running:
            return
        self._progress.say("stopping ...")
        for stage in sorted({running.program.stage for running in self._running}, reverse=True):
            _stop_together([running for running in self._running if running.program.stage == stage], is_hurried)
        stop_marked(self._settings.run, seconds=0)
        self._settings.program_pids.unlink(missing_ok=True)
        self._progress.say("stopped")


def _stop_together(stage: Sequence[RunningProgram], is_hurried: Callable[[], bool]) -> None:
    for running in stage:
        running.process.terminate()
    ends = time.monotonic() + STOP_SECONDS[stage[0].program.stage]
    while any(running.process.poll() is None for running in stage) and time.monotonic() < ends and not is_hurried():
        time.sleep(LOOK_SECONDS / 4)
    for running in stage:
        running.kill()


def crash(settings: Settings, name: str) -> None:
    """`make crash PART=worker`: kill a program of this checkout's stack with all its processes. The demo starts it again."""
    if not is_owned(settings) or not settings.program_pids.exists():
        raise LocalError(f"No stack runs in {settings.root}: start it with `make demo`.")
    running: dict[str, int] = json.loads(settings.program_pids.read_text("utf-8"))
    if name not in running:
        raise LocalError(f"No part named {name!r} runs here: set PART to one of {', '.join(sorted(running))}.")
    os.killpg(running[name], signal.SIGKILL)
    sys.stdout.write(f"{name} (process {running[name]}) was killed. It is started again.\n")


def _shorten(log: Path) -> None:
    """Move what a long log holds to NAME.log.1. The program appends, so it goes on at the new end."""
    if log.stat().st_size > LOG_BYTES:
        shutil.copyfile(log, f"{log}.1")
        os.truncate(log, 0)
