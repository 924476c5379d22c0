"""Runs clients and faults side by side, repairs and drains the stack, and calls the checker."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from harness.soak.checker import check
from harness.soak.clients import Client, JobRequester, Rater, SocketRater
from harness.soak.faults import TARGETS, schedule
from harness.soak.ledger import Ledger
from harness.soak.observer import Observer
from harness.soak.probe import Probe
from harness.soak.report import FaultRow, Report
from harness.soak.watchers import JobWatcher
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from harness.container_part import ContainerPart
    from harness.container_stack import ContainerStack
    from harness.soak.checker import Findings
    from harness.soak.faults import Fault, Step

SomeClient = TypeVar("SomeClient", bound=Client)

#: The prefix of the names of all users of a run.
PREFIX = "soak-"
RATERS, SOCKET_RATERS, WATCHERS = 4, 2, 2
RECOVER_SECONDS = 90
#: Longer than the last retry of a job, which comes after 120 s.
DRAIN_SECONDS = 240
SETTLE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class Plan:
    seed: str
    seconds: float
    #: The shortest and the longest duration of a fault.
    hold_seconds: tuple[float, float]
    #: How many faults overlap.
    at_once: int = 1
    #: Only steps with one of these faults, such as "kill broker", take place. Empty: all steps do.
    only: frozenset[str] = frozenset()


class Conductor:
    def __init__(self, stack: ContainerStack, plan: Plan, print_line: Callable[[str], None]) -> None:
        self._stack = stack
        self._plan = plan
        self._print_line = print_line
        self._ledger = Ledger()
        self._ports = [gateway.port for gateway in stack.gateways]
        self._probe = Probe(f"{PREFIX}probe", stack, self._ledger)
        self._pause = threading.Event()

    def run(self) -> Report:
        self._probe.wait_until_recovered(RECOVER_SECONDS)
        began = time.monotonic()
        watchers = self._clients(JobWatcher, WATCHERS)
        observer = Observer(self._stack, PREFIX, watchers)
        with running(watchers):
            with running([*self._clients(Rater, RATERS), *self._clients(SocketRater, SOCKET_RATERS), *self._clients(JobRequester, 1)]):
                rows = [self._break(step, began) for step in self._steps(until=began + self._plan.seconds)]
            seconds = time.monotonic() - began
            findings = self._drain_and_check(observer)
        self._probe.close()
        return Report(self._plan.seed, seconds, self._ledger, findings, rows)

    def _clients(self, kind: type[SomeClient], number: int) -> list[SomeClient]:
        return [kind(f"{PREFIX}{kind.__name__}-{each}", self._plan.seed, self._ports, self._ledger) for each in range(1, number + 1)]

    def _steps(self, until: float) -> Iterator[Step]:
        """Yield steps until the time is over. On a slow machine, go on until each target has failed once."""
        plan = self._plan
        for number, step in enumerate(schedule(plan.seed, plan.hold_seconds, at_once=plan.at_once)):
            if plan.only and plan.only.isdisjoint(fault.name for fault in step.faults):
                continue
            self._pause.wait(step.rest_seconds)
            if time.monotonic() > until and number * plan.at_once >= len(TARGETS):
                return
            yield step

    def _break(self, step: Step, began: float) -> FaultRow:
        """Start the faults of a step, heal them, and wait until everything works again."""
        broken = time.monotonic()
        for fault in step.faults:
            fault.begin(self._part(fault))
        self._pause.wait(max(fault.hold_seconds for fault in step.faults))
        healed = time.monotonic()
        for fault in step.faults:
            fault.heal(self._part(fault))
        recovery = self._probe.wait_until_recovered(RECOVER_SECONDS)
        whole = time.monotonic()
        name = " + ".join(fault.name for fault in step.faults)
        requests = [each for each in self._ledger.requests if broken <= each.began <= whole]
        row = FaultRow(name, broken - began, healed - broken, whole - healed, recovery, requests)
        self._print_line(row.line)
        return row

    def _part(self, fault: Fault) -> ContainerPart:
        stack = self._stack
        parts: dict[str, Sequence[ContainerPart]] = {
            "broker": [stack.broker],
            "database": [stack.database],
            "gateway": stack.gateways,
            "recommender": stack.recommenders,
            "worker": stack.workers,
        }
        return parts[fault.target][fault.replica]

    def _drain_and_check(self, observer: Observer) -> Findings:
        offset = self._probe.wait_until_recovered(RECOVER_SECONDS).offset
        eventually(lambda: observer.is_drained(offset), within=DRAIN_SECONDS, what="everything drained")
        # A gateway's view may lag a moment. A lost or doubled effect stays.
        deadline = time.monotonic() + SETTLE_SECONDS
        while not (findings := check(self._ledger, observer.observe())).are_none and time.monotonic() < deadline:
            self._pause.wait(1)
        return findings


@contextmanager
def running(clients: Sequence[Client]) -> Iterator[None]:
    """Run the clients. Return when each has finished its action, and raise the first error of any."""
    stopping = threading.Event()
    with ThreadPoolExecutor(len(clients)) as threads:
        futures = [threads.submit(client.run, stopping) for client in clients]
        try:
            yield
        finally:
            stopping.set()
    for future in futures:
        future.result()
