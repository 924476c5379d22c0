"""What clients wanted and what they were told. Afterwards the state of the stack is held against it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    #: For sure: it must have no effect.
    REFUSED = "refused"
    #: No answer, or a 5xx: it may have its effect, once.
    UNKNOWN = "unknown"


class Interaction(NamedTuple):
    user_id: str
    item_id: str
    rating: float


class Job(NamedTuple):
    kind: str
    #: As JSON with sorted keys.
    params: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one request, when it began, how long it took, and the id that an accepted one was given."""

    began: float
    seconds: float
    outcome: Outcome
    effect_id: str | None = None
    offset: int | None = None


Content = TypeVar("Content", Interaction, Job)


@dataclass(slots=True)
class Wish(Generic[Content]):
    """Something wanted once, however often it is asked for. No two wishes of a run have the same content, so an effect names its wish."""

    content: Content
    answers: list[Answer] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        told = {answer.outcome for answer in self.answers}
        return next((outcome for outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN) if outcome in told), Outcome.REFUSED)

    @property
    def effect_ids(self) -> set[str]:
        return {answer.effect_id for answer in self.answers if answer.effect_id is not None}


class Ledger:
    """Clients append to it from their threads; the wishes of one client stand in the order in which it had them."""

    def __init__(self) -> None:
        self.interactions: list[Wish[Interaction]] = []
        self.jobs: list[Wish[Job]] = []
        #: The jobs whose end was asked for.
        self.cancels: set[str] = set()
        #: Every request, reads as well.
        self.requests: list[Answer] = []
        #: What a client saw to be wrong without knowing more than its own answers.
        self.complaints: list[str] = []

    def want_interaction(self, interaction: Interaction) -> Wish[Interaction]:
        wish = Wish(interaction)
        self.interactions.append(wish)
        return wish

    def want_job(self, job: Job) -> Wish[Job]:
        wish = Wish(job)
        self.jobs.append(wish)
        return wish

    def count(self, outcome: Outcome) -> int:
        """How many wishes ended so."""
        wished = [wish.outcome for wish in self.interactions] + [wish.outcome for wish in self.jobs]
        return wished.count(outcome)
