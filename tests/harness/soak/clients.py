"""Clients that write until they are stopped. The seed decides what each one sends; the answers decide when."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from harness.soak.gateway_client import GatewayClient
from harness.soak.ledger import Answer, Interaction, Job, Ledger, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ITEMS = [str(number) for number in range(1, 61)]
USERS_EACH = 4
RETRY_SECONDS = 0.2
GIVE_UP_SECONDS = 90
RATING_REFUSED = 6.0


class Client(ABC):
    """Repeats its action on a thread of its own."""

    pause_seconds: float

    def __init__(self, name: str, seed: str, ports: Sequence[int], ledger: Ledger) -> None:
        self.name = name
        self._seed = seed
        self._random = Random()  # noqa: S311
        self._gateways = [GatewayClient(port, ledger.requests) for port in ports]
        self._ledger = ledger
        self._numbers = count()
        self._pause = threading.Event()

    def run(self, stopping: threading.Event) -> None:
        """Run until `stopping` is set. The current action is always finished."""
        try:
            while not stopping.wait(self.pause_seconds):
                number = next(self._numbers)
                # Each action has its own seed, so that earlier answers don't change it.
                self._random = Random(f"{self._seed}/{self.name}/{number}")  # noqa: S311
                self.act(number)
        finally:
            for gateway in self._gateways:
                gateway.close()

    @abstractmethod
    def act(self, number: int) -> None: ...

    def _key(self, number: int) -> str | None:
        """Return an idempotency key for half of the operations."""
        return self._random.choice((None, f"{self.name}/{number}"))

    def _send(self, answers: list[Answer], key: str | None, send: Callable[[GatewayClient], Answer]) -> Answer:
        """Send an operation. With a key, try the gateways in turn until one gives a final answer; without one, send it once."""
        give_up = time.monotonic() + GIVE_UP_SECONDS
        for number in count(self._random.randrange(len(self._gateways))):
            answers.append(send(self._gateways[number % len(self._gateways)]))
            if answers[-1].outcome is not Outcome.UNKNOWN or key is None or time.monotonic() > give_up:
                break
            self._pause.wait(RETRY_SECONDS)
        return answers[-1]


def rating_of(number: int) -> float:
    """Return another rating for each number of a client."""
    return round(0.5 + number % 450_000 / 100_000, 5)


class Rater(Client):
    """Rates films for users of its own, one after the other, so that the order of the ratings of a pair is known."""

    pause_seconds = 0.08

    def act(self, number: int) -> None:
        interaction, key = self._interaction(number), self._key(number)
        operation = self._ledger.add_interaction(interaction)
        answer = self._send(operation.answers, key, lambda gateway: gateway.rate(interaction, key))
        if key and self._random.random() < 0.1:
            # Repeat the request, as a client does whose answer was lost on the way.
            self._send(operation.answers, key, lambda gateway: gateway.rate(interaction, key))
        if self._random.random() < 0.2:
            self._read_own_write(interaction, answer.offset)

    def _interaction(self, number: int) -> Interaction:
        user_id = f"{self.name}-{self._random.randrange(USERS_EACH)}"
        rating = rating_of(number)
        is_refused = self._random.random() < 0.02
        return Interaction(user_id, self._random.choice(ITEMS), rating + RATING_REFUSED if is_refused else rating)

    def _read_own_write(self, interaction: Interaction, offset: int | None) -> None:
        gateway = self._random.choice(self._gateways)
        params = {"limit": 100} if offset is None else {"limit": 100, "minOffset": offset}
        answer = gateway.get(f"/v1/users/{interaction.user_id}/recommendations", params)
        is_sure = offset is not None and not answer.get("degraded", True)
        if is_sure and interaction.item_id in {item["itemId"] for item in answer["items"]}:
            self._ledger.violations.append(f"an answer for offset {offset} ignores {interaction}, which has that offset")


class SocketRater(Rater):
    """Rates by socket frames, which have no idempotency key."""

    def act(self, number: int) -> None:
        interaction = self._interaction(number)
        operation = self._ledger.add_interaction(interaction)
        self._send(operation.answers, None, lambda gateway: gateway.rate_by_frame(f"{number}", interaction))


class JobRequester(Client):
    """Requests short jobs, and cancels some of them."""

    pause_seconds = 4.0

    def act(self, number: int) -> None:
        job, key = self._job(number), self._key(number)
        operation = self._ledger.add_job(job)
        answer = self._send(operation.answers, key, lambda gateway: gateway.request_job(job, key))
        if answer.effect_id and self._random.random() < 0.2:
            self._ledger.cancels.add(answer.effect_id)
            self._random.choice(self._gateways).cancel(answer.effect_id)

    def _job(self, number: int) -> Job:
        """Return a job whose parameters no other job of the run has: a hundred exports differ by limit, all others by seed."""
        if number % 3 == 0 and number // 3 < 100:
            return Job("export", json.dumps({"limit": number // 3 + 1}, sort_keys=True))
        return Job("evaluate", json.dumps({"estimators": ["popularity"], "seed": number}, sort_keys=True))
