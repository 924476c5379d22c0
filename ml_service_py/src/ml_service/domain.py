"""The values of this service: ids, interactions, entries of the log, model versions, jobs. Knows no protocol, no store and no matrix."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from array import array
    from collections.abc import Iterable, Mapping

RATING_MIN = 0.5
RATING_MAX = 5.0
PAGE_SIZE_MAX = 100
ID_LENGTH_MAX = 200
ID_RULE = f"1 to {ID_LENGTH_MAX} characters, none of them a control character"
#: Control characters and surrogates (Unicode's categories Cc and Cs).
NOT_IN_IDS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_id(text: str) -> bool:
    """Return whether a text may be an id: not empty, not too long, no control characters. The gateway's schemas have the same rule."""
    return 0 < len(text) <= ID_LENGTH_MAX and NOT_IN_IDS.search(text) is None


@dataclass(frozen=True, slots=True)
class Item:
    item_id: str
    title: str
    year: int | None = None
    genres: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Interaction:
    """A user rated or used an item. `rating` and `occurred_at` are None where imported data has none."""

    interaction_id: str
    user_id: str
    item_id: str
    rating: float | None
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dataset:
    """The data of an import: the catalogue, and the interactions in the order of the file, which may be read once.

    `notes`: what was left out of the files, one sentence each; complete once the interactions were read.
    """

    items: tuple[Item, ...]
    interactions: Iterable[Interaction]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class DataState:
    """How many imports have changed the store's data, and when an import replaced it (None: never)."""

    imports: int = 0
    replaced_at: datetime | None = None

    def is_outdated(self, interaction: Interaction) -> bool:
        """Return whether the log got this interaction before the data was replaced: its item is one of the former data."""
        if self.replaced_at is None or interaction.occurred_at is None:
            return False
        return interaction.occurred_at < self.replaced_at


@dataclass(frozen=True, slots=True)
class LogPosition:
    """A place in a stream: an offset, and the id of the message there. The id shows a reader whether the stream is still the same log."""

    offset: int
    message_id: str


@dataclass(frozen=True, slots=True)
class LoggedInteraction:
    """An interaction and where the stream `interactions` holds it."""

    interaction: Interaction
    position: LogPosition

    @property
    def user_id(self) -> str:
        return self.interaction.user_id


@dataclass(frozen=True, slots=True)
class LoggedErasure:
    """The user's entries before this position must be erased. `occurred_at` is None where the message has no time."""

    user_id: str
    position: LogPosition
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """A message of the stream that can't be used, with the reason. `user_id` is None where the body doesn't show whose it is."""

    position: LogPosition
    reason: str
    detail: str
    body: bytes
    user_id: str | None = None


LogEntry = LoggedInteraction | LoggedErasure | RejectedMessage

#: The moment of an interaction without a time: before all others.
NO_MOMENT = -(2**63)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def moment_of(occurred_at: datetime | None) -> int:
    """Return the microseconds since 1970, or NO_MOMENT: a time in 8 bytes. SQLite and PostgreSQL keep times as exactly."""
    return NO_MOMENT if occurred_at is None else (occurred_at - EPOCH) // MICROSECOND


def take_moment(ratings: Mapping[str, float | None], moments: array[int], item_id: str, moment: int) -> bool:
    """Return whether a rating of this moment is the latest of its item in one user's history, and if so store the moment.

    The caller stores the rating. `moments` has the times of `ratings`, in their order: 8 bytes each, where a dictionary takes a hundred.
    Of equal times the last rating counts, so ratings must come in the log's order.
    """
    if item_id not in ratings:
        moments.append(moment)
        return True
    place = list(ratings).index(item_id)
    if moment < moments[place]:
        return False
    moments[place] = moment
    return True


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of the model as its manifest describes it.

    `imports`: how many imports the training data contained. `stale`: whether the store's data was imported later, or is other data.
    `unknown_items`: for the live version, how many items of the catalogue it doesn't know; it never recommends them.
    """

    version: str
    estimator: str
    params: dict[str, Any]
    metrics: dict[str, float]
    created_at: datetime
    imports: int = 0
    live: bool = False
    stale: bool = False
    unknown_items: int | None = None


def new_version_name() -> str:
    """Return a name for a model version. Names sort by time."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{uuid4().hex[:8]}"


class JobState(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in (JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True, slots=True)
class Job:
    """A command. `params` is encoded as the message of its kind in `jobs.proto`. `requested_at` is None for a command without a time.

    Two commands with one id are equal if their kind and `params` are: an absent parameter and its given default differ, as at the gateway.
    """

    job_id: str
    kind: str
    params: bytes = b""
    requested_at: datetime | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a job by a worker. `number` counts all tries and is the fencing token; `spent` counts those that use up retries."""

    job: Job
    number: int
    spent: int
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: percent from 0 to 100, its current step as text, and its best metrics so far."""

    percent: float
    step: str
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a job wrote: name, media type and size in bytes."""

    name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The result of a job that succeeded."""

    metrics: dict[str, float]
    model_version: str = ""
    promoted: bool = False
    file: JobFile | None = None
