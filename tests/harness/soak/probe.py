"""A client that waits until everything works: each gateway accepts a rating, and all answers include it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from harness.soak.clients import ITEMS, rating_of
from harness.soak.gateway_client import GatewayClient
from harness.soak.ledger import Interaction
from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.container_stack import ContainerStack
    from harness.soak.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Recovery:
    """An offset that every reader of the log has reached, and the seconds until each kind of recovery."""

    offset: int
    #: Every gateway accepted a rating and saw it in the log.
    accepting: float
    #: Every gateway's answers and history pages included that rating.
    answering: float
    #: Every process of ours reported that it is ready. The earlier two steps show that broker and database are.
    ready: float


class Probe:
    def __init__(self, user_id: str, stack: ContainerStack, ledger: Ledger) -> None:
        self._user_id = user_id
        self._stack = stack
        self._ledger = ledger
        # Its requests don't count in the clients' figures.
        self._gateways = [GatewayClient(gateway.port, requests=[]) for gateway in stack.gateways]
        self._numbers = count()

    def wait_until_recovered(self, within: float) -> Recovery:
        began = time.monotonic()
        offset = max(eventually(partial(self._rate, gateway), within=within, what="a rating seen in the log") for gateway in self._gateways)
        accepted = time.monotonic()
        for gateway in self._gateways:
            eventually(partial(self._answers, gateway, offset), within=within, what="answers and history pages up to date")
        answered = time.monotonic()
        for service in self._stack.services:
            service.wait_until_ready(within)
        return Recovery(offset, accepted - began, answered - began, time.monotonic() - began)

    def close(self) -> None:
        for gateway in self._gateways:
            gateway.close()

    def _rate(self, gateway: GatewayClient) -> int | None:
        """Rate a film. Return the offset, which a gateway knows only while it reads the log."""
        number = next(self._numbers)
        interaction = Interaction(self._user_id, ITEMS[number % len(ITEMS)], rating_of(number))
        answer = gateway.rate(interaction)
        self._ledger.add_interaction(interaction).answers.append(answer)
        return answer.offset

    def _answers(self, gateway: GatewayClient, offset: int) -> bool:
        path = f"/v1/users/{self._user_id}"
        stored = gateway.get(f"{path}/interactions").get("asOfOffset")
        answered = gateway.get(f"{path}/recommendations", {"minOffset": offset})
        return stored is not None and stored >= offset and not answered.get("degraded", True)
