"""Clients that ask and rate without a break, while a test does something else. They record the outcome of each request."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx

from harness import plain_http
from harness.crowd import Crowd
from harness.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Sequence

    from harness.gateway import GatewayDriver
    from harness.store import StoreDriver

CLIENTS = 4
PAUSE_SECONDS = 0.01
STAR_WARS = "50"
#: The prefix of their users' ids.
USER = "busy-user-"
STORED_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Refusal:
    """A 503: its reason, its `Retry-After`, and the time that the answer took."""

    reason: str
    retry_after: str | None
    seconds: float


class BusyClients(Crowd):
    """Each client keeps to one gateway. It moves to the next when that one closes or refuses the connection, as a load balancer would."""

    def __init__(self, gateways: Sequence[GatewayDriver]) -> None:
        super().__init__(CLIENTS, PAUSE_SECONDS)
        self._gateways = gateways
        #: The ids of the interactions that got a 202.
        self.accepted: list[str] = []
        self.recommended: list[int] = []
        self.refusals: list[Refusal] = []
        #: All other outcomes, such as a request without an answer.
        self.failures: list[str] = []

    def assert_stored_once(self, store: StoreDriver) -> None:
        """Stop the clients. Wait until the store has each accepted interaction exactly once."""
        self.stop()

        def not_once() -> list[str]:
            counts = Counter(store.interaction_ids(users=f"{USER}%"))
            return [interaction_id for interaction_id in self.accepted if counts[interaction_id] != 1]

        assert self.accepted
        eventually(lambda: not not_once(), within=STORED_SECONDS, what=f"each of {len(self.accepted)} interactions stored once")

    def wait_for_accepted(self, more: int, within: float = 60) -> None:
        """Return after this number of further accepted interactions."""
        wanted = len(self.accepted) + more
        eventually(lambda: len(self.accepted) >= wanted, within=within, what=f"{more} more accepted; {self.failures[-3:]}")

    def wait_for_refusals(self, more: int, within: float = 60) -> list[Refusal]:
        """Return the next refusals, this number of them."""
        start = len(self.refusals)
        eventually(lambda: len(self.refusals) >= start + more, within=within, what=f"{more} more refused")
        return self.refusals[start : start + more]

    def _run(self, number: int) -> None:
        gateways = deque(plain_http.client(gateway.url, timeout=15, auth=gateway.sign_in) for gateway in self._gateways)
        gateways.rotate(-number)
        while not self._is_stopped_after_pause():
            if recommended := self._send(gateways, "GET", f"/v1/users/{uuid4()}/recommendations"):
                self.recommended.append(len(recommended["items"]))
            rating = {"userId": f"{USER}{number}", "itemId": STAR_WARS, "rating": 4}
            if accepted := self._send(gateways, "POST", "/v1/interactions", json=rating):
                self.accepted.append(accepted["interactionId"])
        for gateway in gateways:
            gateway.close()

    def _send(self, gateways: deque[httpx.Client], method: str, path: str, **request: Any) -> dict[str, Any] | None:
        """Return the answer. Try the next gateway after a refused connection, because the request was not sent."""
        for _ in self._gateways:
            try:
                response = gateways[0].request(method, path, **request)
            except httpx.ConnectError:
                gateways.rotate(-1)
            except httpx.HTTPError as error:
                self.failures.append(f"{method} {path}: {error!r}")
                return None
            else:
                if response.headers.get("connection") == "close":
                    gateways.rotate(-1)
                return self._sort(response)
        self.failures.append(f"{method} {path}: no gateway takes a connection")
        return None

    def _sort(self, response: httpx.Response) -> dict[str, Any] | None:
        if response.is_success:
            return dict(response.json())
        if response.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            refusal = Refusal(response.json()["reason"], response.headers.get("retry-after"), response.elapsed.total_seconds())
            self.refusals.append(refusal)
        else:
            self.failures.append(f"{response.request.method} {response.url}: {response.status_code} {response.text[:300]}")
        return None
