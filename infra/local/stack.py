"""The running stack: starts the programs, waits until each is ready, watches them, stops them in order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from infra.local.broker_choice import BrokerChoice, choose_broker
from infra.local.broker_container import remove_container
from infra.local.errors import LocalError
from infra.local.leftovers import kill_marked
from infra.local.programs import broker_programs, service_programs
from infra.local.progress import tail
from infra.local.supervisor import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from infra.local.programs import Program
    from infra.local.progress import Progress
    from infra.local.settings import Settings

START_SECONDS = 90
STOP_SECONDS = 14
#: A program that was started so often and isn't ready won't be.
ATTEMPTS = 3
LOOK_SECONDS = 0.2
SILENCE_SECONDS = 5


class Stack:
    """Nothing runs before `start`, and after `stop` nothing does."""

    def __init__(self, settings: Settings, progress: Progress, *, is_reloading: bool) -> None:
        self._settings = settings
        self._progress = progress
        self._is_reloading = is_reloading
        self._programs: list[Program] = []
        self._supervisor: Supervisor | None = None
        self._broker = BrokerChoice.GIVEN
        #: When each program was started: each time counts.
        self._starts: dict[str, list[int]] = {}

    def start(self) -> None:
        """Starts the broker, under the supervisor that starts the services later."""
        self._broker = choose_broker(self._settings)
        if self._broker is BrokerChoice.CONTAINER:
            remove_container(self._settings)
        self._programs = [
            *broker_programs(self._settings, self._broker),
            *service_programs(self._settings, is_reloading=self._is_reloading),
        ]
        self._supervisor = Supervisor(self._settings, self._programs)
        self._supervisor.start()

    def start_services(self) -> None:
        ends = time.monotonic() + START_SECONDS
        while not self._look():
            if time.monotonic() > ends:
                raise LocalError(f"supervisord doesn't answer. {self._running_supervisor().last_words()}")
            time.sleep(LOOK_SECONDS)
        self._running_supervisor().start_services()

    def wait_until_ready(self) -> None:
        waiting = {program.name: program for program in self._programs}
        began = said = time.monotonic()
        while waiting:
            self._look()
            for name in [name for name, program in waiting.items() if program.is_ready()]:
                del waiting[name]
                self._progress.say(f"{name}: ready")
            for name in waiting:
                self._check_can_start(name, time.monotonic() - began)
            if time.monotonic() - said > SILENCE_SECONDS and waiting:
                said = time.monotonic()
                self._progress.say(f"waiting for {', '.join(waiting)}")
            time.sleep(LOOK_SECONDS)

    def _check_can_start(self, name: str, seconds: float) -> None:
        if seconds > START_SECONDS or len(self._starts.get(name, ())) >= ATTEMPTS:
            path = self._settings.logs / f"{name}.log"
            raise LocalError(f"{name} doesn't start. The end of {path}:\n{tail(path)}")

    def watch(self) -> None:
        """Says which program was started again, for as long as the stack runs."""
        while True:
            before = {name: len(starts) for name, starts in self._starts.items()}
            self._look()
            for name, starts in self._starts.items():
                if len(starts) > before.get(name, 0):
                    self._progress.say(f"{name} had ended and was started again: see {self._settings.logs / name}.log")
            time.sleep(LOOK_SECONDS)

    def _look(self) -> bool:
        """Notes each start of a program, and says whether the supervisor answers."""
        processes = self._running_supervisor().processes()
        for process in processes:
            starts = self._starts.setdefault(process["name"], [])
            if process["start"] and process["start"] not in starts:
                starts.append(process["start"])
        return bool(processes)

    def _running_supervisor(self) -> Supervisor:
        if not self._supervisor or not self._supervisor.is_running:
            raise LocalError(f"supervisord has ended. {self._supervisor.last_words() if self._supervisor else ''}")
        return self._supervisor

    def stop(self, is_hurried: Callable[[], bool]) -> None:
        """Stops in order: services, broker, epmd. Kills what is left when the time is over, or at once when hurried."""
        if not self._supervisor:
            return
        self._progress.say("stopping ...")
        self._supervisor.begin_stop()
        ends = time.monotonic() + STOP_SECONDS
        while self._supervisor.is_running and time.monotonic() < ends and not is_hurried():
            time.sleep(LOOK_SECONDS)
        kill_marked(self._settings.run)
        if self._broker is BrokerChoice.CONTAINER:
            remove_container(self._settings)
        self._progress.say("stopped")
