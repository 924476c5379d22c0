"""The clients' operations and the answers to them. The checker compares the stack with this ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, NamedTuple, TypeVar


class Outcome(StrEnum):
    ACCEPTED = "accepted"
    #: The operation certainly has no effect.
    REFUSED = "refused"
    #: No answer, or a 5xx: the operation may have its effect, once.
    UNKNOWN = "unknown"


class Interaction(NamedTuple):
    user_id: str
    item_id: str
    rating: float


class Job(NamedTuple):
    kind: str
    #: JSON with sorted keys.
    params: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of one request, its start and duration, and the id of the accepted thing."""

    began: float
    seconds: float
    outcome: Outcome
    effect_id: str | None = None
    offset: int | None = None


Content = TypeVar("Content", Interaction, Job)


@dataclass(slots=True)
class Operation(Generic[Content]):
    """Something that a client wants once, in one or more requests. All contents of a run differ, so an effect identifies its operation."""

    content: Content
    answers: list[Answer] = field(default_factory=list)

    @property
    def outcome(self) -> Outcome:
        outcomes = {answer.outcome for answer in self.answers}
        return next((outcome for outcome in (Outcome.ACCEPTED, Outcome.UNKNOWN) if outcome in outcomes), Outcome.REFUSED)

    @property
    def effect_ids(self) -> set[str]:
        return {answer.effect_id for answer in self.answers if answer.effect_id is not None}


class Ledger:
    """Clients append to it from their threads. The operations of one client are in the order in which it sent them."""

    def __init__(self) -> None:
        self.interactions: list[Operation[Interaction]] = []
        self.jobs: list[Operation[Job]] = []
        #: The jobs that a client cancelled.
        self.cancels: set[str] = set()
        #: Every request, including reads.
        self.requests: list[Answer] = []
        #: Contradictions that a client can see in its own answers.
        self.violations: list[str] = []

    def add_interaction(self, interaction: Interaction) -> Operation[Interaction]:
        operation = Operation(interaction)
        self.interactions.append(operation)
        return operation

    def add_job(self, job: Job) -> Operation[Job]:
        operation = Operation(job)
        self.jobs.append(operation)
        return operation

    def count(self, outcome: Outcome) -> int:
        """Count the operations with this outcome."""
        outcomes = [each.outcome for each in self.interactions] + [each.outcome for each in self.jobs]
        return outcomes.count(outcome)
