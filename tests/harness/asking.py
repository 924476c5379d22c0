"""Clients that ask for recommendations without a break, while a test does something else. They record each failure."""

from __future__ import annotations

from itertools import count, cycle
from typing import TYPE_CHECKING

import httpx

from harness.crowd import Crowd
from harness.gateway import GatewayDriver
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Sequence

USERS = 943
LIMITS = 100
CLIENTS = 4
PAUSE_SECONDS = 0.005
#: Numbers the requests of all clients of a run, so that none repeats one whose answer a gateway has in its cache.
QUESTIONS = count()


class AskingAllTheTime(Crowd):
    """Each client asks the gateways in turn, for another user or another number of films each time."""

    def __init__(self, ports: Sequence[int]) -> None:
        super().__init__(CLIENTS, PAUSE_SECONDS)
        self._ports = ports
        self.answers = 0
        self.failures: list[str] = []
        #: The model versions of all answers.
        self.versions: set[str] = set()

    def wait_for_answers(self, more: int, within: float = 60) -> None:
        """Return after this number of further answers."""
        wanted = self.answers + more
        eventually(lambda: self.answers >= wanted, within=within, what=f"{wanted} answers")

    def _run(self, _number: int) -> None:
        drivers = [GatewayDriver(port) for port in self._ports]
        for driver, question in zip(cycle(drivers), QUESTIONS, strict=False):
            if self._is_stopped_after_pause():
                break
            self._ask(driver, user=question % USERS + 1, limit=question // USERS % LIMITS + 1)
        for driver in drivers:
            driver.close()

    def _ask(self, driver: GatewayDriver, user: int, limit: int) -> None:
        """Send one request. A degraded answer counts as a failure, because it doesn't come from the recommender."""
        try:
            response = driver.http.get(f"/v1/users/{user}/recommendations", params={"limit": limit})
        except httpx.HTTPError as error:
            self.failures.append(repr(error))
            return
        if not response.is_success:
            self.failures.append(f"{response.status_code} {response.text[:300]}")
        elif (answer := response.json())["degraded"]:
            self.failures.append(f"degraded, from {answer['source']}")
        else:
            self.answers += 1
            self.versions.add(answer["modelVersion"])
