"""A client that waits until everything works: a rating goes in at each gateway and is known to whoever answers."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

from harness.soak.clients import ITEMS, rating_of
from harness.soak.door import Door
from harness.soak.ledger import Interaction
from harness.waiting import eventually

if TYPE_CHECKING:
    from harness.container_stack import ContainerStack
    from harness.soak.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Recovery:
    """The offset in the log that every reader has reached, and after how many seconds what worked."""

    offset: int
    #: Every gateway took a rating and saw it in the log.
    accepting: float
    #: Every gateway had it in its answers, and in the pages of the store.
    answering: float
    #: Every process of ours said that it is ready. That the broker and the database are, is in what came before.
    ready: float


class Probe:
    def __init__(self, user_id: str, stack: ContainerStack, ledger: Ledger) -> None:
        self._user_id = user_id
        self._stack = stack
        self._ledger = ledger
        # Its impatience isn't what the clients' figures are about.
        self._doors = [Door(gateway.port, requests=[]) for gateway in stack.gateways]
        self._numbers = count()

    def wait_until_whole(self, within: float) -> Recovery:
        began = time.monotonic()
        offset = max(eventually(partial(self._rate, door), within=within, what="a rating seen in the log") for door in self._doors)
        accepted = time.monotonic()
        for door in self._doors:
            eventually(partial(self._answers, door, offset), within=within, what="answers and history pages up to date")
        answered = time.monotonic()
        for service in self._stack.services:
            service.wait_until_ready(within)
        return Recovery(offset, accepted - began, answered - began, time.monotonic() - began)

    def close(self) -> None:
        for door in self._doors:
            door.close()

    def _rate(self, door: Door) -> int | None:
        """Gives the offset, which a gateway only knows while it reads the log itself."""
        number = next(self._numbers)
        interaction = Interaction(self._user_id, ITEMS[number % len(ITEMS)], rating_of(number))
        answer = door.rate(interaction)
        self._ledger.want_interaction(interaction).answers.append(answer)
        return answer.offset

    def _answers(self, door: Door, offset: int) -> bool:
        path = f"/v1/users/{self._user_id}"
        stored = door.get(f"{path}/interactions").get("asOfOffset")
        answered = door.get(f"{path}/recommendations", {"minOffset": offset})
        return stored is not None and stored >= offset and not answered.get("degraded", True)
