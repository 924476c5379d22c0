"""Clients that write until they are told to stop. What each does is decided by the seed; when, by the answers."""

from __future__ import annotations

import json
import threading
import time
from abc import ABC, abstractmethod
from itertools import count
from random import Random
from typing import TYPE_CHECKING

from harness.soak.door import Door
from harness.soak.ledger import Answer, Interaction, Job, Ledger, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ITEMS = [str(number) for number in range(1, 61)]
USERS_EACH = 4
RETRY_SECONDS = 0.2
GIVE_UP_SECONDS = 90
RATING_REFUSED = 6.0


class Client(ABC):
    """Takes its turns on a thread of its own."""

    pause_seconds: float

    def __init__(self, name: str, seed: str, ports: Sequence[int], ledger: Ledger) -> None:
        self.name = name
        self._seed = seed
        self._random = Random()  # noqa: S311
        self._doors = [Door(port, ledger.requests) for port in ports]
        self._ledger = ledger
        self._numbers = count()
        self._pause = threading.Event()

    def run(self, stopping: threading.Event) -> None:
        """Each turn is finished, whatever happens; between two of them it looks whether to stop."""
        try:
            while not stopping.wait(self.pause_seconds):
                number = next(self._numbers)
                # What came before, and how it was answered, decides nothing.
                self._random = Random(f"{self._seed}/{self.name}/{number}")  # noqa: S311
                self.take_turn(number)
        finally:
            for door in self._doors:
                door.close()

    @abstractmethod
    def take_turn(self, number: int) -> None: ...

    def _key(self, number: int) -> str | None:
        """Half of the wishes have one."""
        return self._random.choice((None, f"{self.name}/{number}"))

    def _ask(self, answers: list[Answer], key: str | None, send: Callable[[Door], Answer]) -> Answer:
        """Who has a key asks the gateways in turn until one gives a sure answer; who has none asks once, as another try could double."""
        give_up = time.monotonic() + GIVE_UP_SECONDS
        for number in count(self._random.randrange(len(self._doors))):
            answers.append(send(self._doors[number % len(self._doors)]))
            if answers[-1].outcome is not Outcome.UNKNOWN or key is None or time.monotonic() > give_up:
                break
            self._pause.wait(RETRY_SECONDS)
        return answers[-1]


def rating_of(number: int) -> float:
    """No two numbers of a client have the same."""
    return round(0.5 + number % 450_000 / 100_000, 5)


class Rater(Client):
    """Rates films for users of its own, one after the other, so that it knows which rating of a pair came last."""

    pause_seconds = 0.08

    def take_turn(self, number: int) -> None:
        interaction, key = self._interaction(number), self._key(number)
        wish = self._ledger.want_interaction(interaction)
        answer = self._ask(wish.answers, key, lambda door: door.rate(interaction, key))
        if key and self._random.random() < 0.1:
            # As a client whose answer was lost on its way would.
            self._ask(wish.answers, key, lambda door: door.rate(interaction, key))
        if self._random.random() < 0.2:
            self._read_own_write(interaction, answer.offset)

    def _interaction(self, number: int) -> Interaction:
        user_id = f"{self.name}-{self._random.randrange(USERS_EACH)}"
        rating = rating_of(number)
        is_refused = self._random.random() < 0.02
        return Interaction(user_id, self._random.choice(ITEMS), rating + RATING_REFUSED if is_refused else rating)

    def _read_own_write(self, interaction: Interaction, offset: int | None) -> None:
        door = self._random.choice(self._doors)
        params = {"limit": 100} if offset is None else {"limit": 100, "minOffset": offset}
        told = door.get(f"/v1/users/{interaction.user_id}/recommendations", params)
        is_sure = offset is not None and not told.get("degraded", True)
        if is_sure and interaction.item_id in {item["itemId"] for item in told["items"]}:
            self._ledger.complaints.append(f"{interaction} at {offset} was not known to an answer for that offset")


class SocketRater(Rater):
    """The same by frames, which have no key."""

    def take_turn(self, number: int) -> None:
        interaction = self._interaction(number)
        wish = self._ledger.want_interaction(interaction)
        self._ask(wish.answers, None, lambda door: door.rate_by_frame(f"{number}", interaction))


class JobAsker(Client):
    """Asks for short jobs, and for the end of some."""

    pause_seconds = 4.0

    def take_turn(self, number: int) -> None:
        job, key = self._job(number), self._key(number)
        wish = self._ledger.want_job(job)
        answer = self._ask(wish.answers, key, lambda door: door.ask(job, key))
        if answer.effect_id and self._random.random() < 0.2:
            self._ledger.cancels.add(answer.effect_id)
            self._random.choice(self._doors).cancel(answer.effect_id)

    def _job(self, number: int) -> Job:
        """No two of a run have the same parameters: a hundred exports have a limit each, all others a seed."""
        if number % 3 == 0 and number // 3 < 100:
            return Job("export", json.dumps({"limit": number // 3 + 1}, sort_keys=True))
        return Job("evaluate", json.dumps({"estimators": ["popularity"], "seed": number}, sort_keys=True))
