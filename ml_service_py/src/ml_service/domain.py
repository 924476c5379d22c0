"""The words of this service as plain values. Knows no protocol, no store and no matrix."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from datetime import datetime

T = TypeVar("T")

RATING_MIN = 0.5
RATING_MAX = 5.0
PAGE_SIZE_MAX = 100
BATCH_SIZE_MAX = 256
ID_LENGTH_MAX = 200
ID_RULE = f"1 to {ID_LENGTH_MAX} characters, none of them a control character"
#: Unicode's categories Cc and Cs.
NOT_IN_IDS = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def is_id(text: str) -> bool:
    """Whether a text may be an id: it isn't empty or too long, and has no control characters. The gateway's schemas say the same."""
    return 0 < len(text) <= ID_LENGTH_MAX and NOT_IN_IDS.search(text) is None


@dataclass(frozen=True, slots=True)
class Item:
    item_id: str
    title: str
    year: int | None = None
    genres: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class User:
    user_id: str
    interaction_count: int


@dataclass(frozen=True, slots=True)
class Interaction:
    """What a user did with an item. `rating` and `occurred_at` are None where imported data has none."""

    interaction_id: str
    user_id: str
    item_id: str
    rating: float | None
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dataset:
    """What an import brings: the catalogue, and interactions in the order in which they count."""

    items: tuple[Item, ...]
    interactions: tuple[Interaction, ...]


@dataclass(frozen=True, slots=True)
class LogPosition:
    """A place in a stream: the offset and the id of the message there, by which a reader tells its log from another."""

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
    """That all which the stream holds of a user before this place is to be erased. `occurred_at` is None where nobody said when."""

    user_id: str
    position: LogPosition
    occurred_at: datetime | None


@dataclass(frozen=True, slots=True)
class RejectedMessage:
    """A message of the stream that can't be used, kept with the reason. `user_id` says whose it is, where that can be read."""

    position: LogPosition
    reason: str
    detail: str
    body: bytes
    user_id: str | None = None


LogEntry = LoggedInteraction | LoggedErasure | RejectedMessage


class RecommendationSource(StrEnum):
    MODEL = "model"
    FALLBACK = "fallback"


@dataclass(frozen=True, slots=True)
class RecommendedItem:
    """An item, its score, and the items of the history that speak most for it (at most two)."""

    item: Item
    score: float
    why: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Recommended items, best first. `as_of_offset` is the last offset of the log that it takes into account."""

    user_id: str
    model_version: str
    source: RecommendationSource
    items: tuple[RecommendedItem, ...]
    as_of_offset: int | None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows and the token of the next page, empty on the last."""

    rows: tuple[T, ...]
    next_page_token: str


@dataclass(frozen=True, slots=True)
class ModelVersion:
    """A version of the model as its manifest tells it."""

    version: str
    estimator: str
    params: dict[str, Any]
    metrics: dict[str, float]
    created_at: datetime
    live: bool = False


class JobKind(StrEnum):
    TRAIN = "train"
    EVALUATE = "evaluate"
    EXPORT = "export"


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
class TrainParams:
    estimators: tuple[str, ...] = ()
    folds: int = 3
    seed: int = 42


@dataclass(frozen=True, slots=True)
class EvaluateParams:
    estimators: tuple[str, ...] = ()
    seed: int = 42


@dataclass(frozen=True, slots=True)
class ExportParams:
    limit: int = 10


JobParams = TrainParams | EvaluateParams | ExportParams


@dataclass(frozen=True, slots=True)
class Job:
    """A command to do something in the background. `asked_at` is None where its publisher didn't say."""

    job_id: str
    params: JobParams
    asked_at: datetime | None = field(default=None, compare=False)

    @property
    def kind(self) -> JobKind:
        return {TrainParams: JobKind.TRAIN, EvaluateParams: JobKind.EVALUATE, ExportParams: JobKind.EXPORT}[type(self.params)]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One worker's turn at a job. Its `number` counts all turns and fences; `spent` are those that count, this one among them."""

    job: Job
    number: int
    spent: int
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a job is: 0 to 100, what it does, and its best figures so far."""

    percent: float
    step: str
    metrics: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobFile:
    """A file that a job left, by name, media type and size in bytes."""

    name: str
    media_type: str
    size_bytes: int


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What a job that succeeded left."""

    metrics: dict[str, float]
    model_version: str = ""
    promoted: bool = False
    file: JobFile | None = None
