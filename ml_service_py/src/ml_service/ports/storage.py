"""Ports to what stays on disk: the SQL store, and the registry of model versions and job files.

Every method of the store raises Unavailable (STORE_UNAVAILABLE) while the database doesn't answer, every method of the registry
Unavailable (REGISTRY_UNAVAILABLE) while its files can't be reached. All may be called from any thread.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from ml_service.domain import DataState

if TYPE_CHECKING:
    from array import array
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from ml_service.domain import Interaction, Item, JobFile, LogEntry, LogPosition, ModelVersion
    from ml_service.model.ratings import Ratings
    from ml_service.model.scoring import ItemItemModel
    from ml_service.model.sizes import Sizes

#: The time and the row of the last interaction on a page: the next page goes on after it.
PagePosition = tuple[datetime, int]


@dataclass(frozen=True, slots=True)
class StoredHistories:
    """The latest rating of each user and item, and the position in the log up to which the store has read.

    `moments`: the time of each rating, by user and in the order of `ratings` (see `domain.moment_of`).
    `recent_ids`: the last interaction ids, oldest first, each with its user. `erased_offsets`: the offset at which a user was erased.
    `data`: the imports that the ratings contain.
    """

    ratings: Mapping[str, Mapping[str, float | None]]
    moments: Mapping[str, array[int]]
    position: LogPosition | None
    recent_ids: Mapping[str, str]
    erased_offsets: Mapping[str, int] = field(default_factory=dict)
    data: DataState = field(default_factory=DataState)


@dataclass(frozen=True, slots=True)
class StoredPage:
    """Interactions, newest first; where the next page begins (None on the last); the offset up to which the store has read the log."""

    rows: tuple[tuple[Interaction, Item], ...]
    next_position: PagePosition | None
    as_of_offset: int | None


class ImportMode(StrEnum):
    """What an import may do to a store that has data: change nothing, add to it, or replace it. Into an empty store all do the same."""

    INTO_EMPTY = "into empty"
    ADD = "add"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class RenamedItem:
    """An item that had one title in the store, and got another one by an import."""

    item_id: str
    old_title: str
    new_title: str


@dataclass(frozen=True, slots=True)
class ImportedItems:
    """How many items an import added, and how many it changed; `renamed` has those of the changed items that got another title."""

    new: int = 0
    changed: int = 0
    renamed: tuple[RenamedItem, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedRows:
    """How many interactions an import was given, added, and left out because their users are erased; and what it did to the items."""

    given: int
    new: int
    left_out: int
    items: ImportedItems = ImportedItems()

    @property
    def has_changes(self) -> bool:
        return bool(self.new or self.items.new or self.items.changed)


@dataclass(frozen=True, slots=True)
class StoredData:
    """The numbers of items and interactions in a store, and its live model version."""

    items: int
    interactions: int
    live_version: str | None

    @property
    def is_empty(self) -> bool:
        return not (self.items or self.interactions or self.live_version)


class ImportRefused(Exception):
    """The store holds data that the import would change, and its mode doesn't allow that. Nothing was written."""

    def __init__(self, present: StoredData, would_write: ImportedRows) -> None:
        super().__init__(present, would_write)
        self.present = present
        self.would_write = would_write


@dataclass(frozen=True, slots=True)
class LiveVersion:
    """The model version that serves. `revision` counts the changes, for compare-and-set."""

    version: str
    revision: int


class Store(Protocol):
    """Port: the SQL store of catalogue, interactions and the live model version."""

    def load_catalogue(self) -> tuple[Item, ...]: ...

    def load_histories(self, recent: int) -> StoredHistories:
        """Read histories and log position in one transaction, with the last `recent` interaction ids."""

    def load_ratings(self) -> Ratings:
        """Return the latest rating of each user and item, in the order in which they were written."""

    def list_interactions(self, user_id: str, limit: int, after: PagePosition | None) -> StoredPage:
        """Return one page of a user's interactions, newest first."""

    def count_interactions(self) -> int: ...

    def count_sizes(self) -> Sizes:
        """Return the numbers of users and items that have interactions, and of interactions."""

    def import_data(
        self, new_items: Sequence[Item], new_interactions: Iterable[Interaction], mode: ImportMode = ImportMode.ADD
    ) -> ImportedRows:
        """Write all or nothing. Update known items, keep known interactions, skip those of erased users. Raise ImportRefused.

        If reading the interactions raises, nothing is written, and the error passes through.
        """

    def read_data_state(self) -> DataState: ...

    def read_live(self) -> LiveVersion | None: ...

    def compare_and_set_live(self, expected: LiveVersion | None, version: str) -> bool:
        """Make the version live, unless another went live since `expected` was read. Return whether it did."""


class Registry(Protocol):
    """Port: the files of model versions and of jobs. A version or a job's file counts only once its last file is written."""

    def save(  # noqa: PLR0913
        self,
        model: ItemItemModel,
        *,
        estimator: str,
        params: dict[str, Any],
        metrics: dict[str, float],
        data: dict[str, Any],
        name: str | None = None,
    ) -> ModelVersion:
        """Write a version, under a new name where none is given. If two writers use one name, the first counts."""

    def list_versions(self) -> list[str]:
        """Return the names of all versions, newest first."""

    def describe(self, version: str) -> ModelVersion:
        """Raise NotFound (MODEL_VERSION_UNKNOWN) or Unavailable (MODEL_VERSION_UNUSABLE)."""

    def export_manifest(self, version: str) -> dict[str, Any]:
        """Return the manifest as JSON values. Errors as `describe`."""

    def load(self, version: str) -> ItemItemModel:
        """Read a version's arrays after comparing their hash. Errors as `describe`."""

    def save_result(self, job_id: str, attempt: int, name: str, media_type: str, chunks: Iterable[bytes]) -> JobFile:
        """Write the file of one attempt at a job."""

    def open_result(self, job_id: str) -> tuple[JobFile, Generator[bytes]]:
        """Return the file of the last attempt and its bytes in chunks. Raise NotFound (JOB_RESULT_MISSING)."""

    def remove_results(self, job_id: str) -> None: ...

    def sweep(self, remains_before: datetime, results_before: datetime) -> list[str]:
        """Remove files that belong to no version and no job, if nobody wrote to them since. Return their names."""


class PositionMoved(Exception):
    """Another projector wrote since the position was read, so this one must detach."""


@dataclass(frozen=True, slots=True)
class Appended:
    """How many rows a batch added, and how many users it erased. Rows that were there already don't count."""

    interactions: int
    rejected: int
    erased: int = 0


class InteractionLog(Protocol):
    """Port: the stream `interactions` in the SQL store, and the position up to which the projector has written it."""

    def read_position(self) -> LogPosition | None: ...

    def append(self, batch: Sequence[LogEntry], after: LogPosition | None) -> Appended:
        """Write the batch in its order, if the stored position is still `after`. Raise PositionMoved otherwise."""
