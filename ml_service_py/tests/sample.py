"""A small data set with known answers: ten items, where items of equal parity have the weight 1 for each other, and three users."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import numpy as np

from ml_service.domain import Attempt, Interaction, Item, Job, LoggedErasure, LoggedInteraction, LogPosition, ModelVersion
from ml_service.handlers.live_state import Catalogue, LiveState, LoadedModel
from ml_service.model.ratings import RatingWeights
from ml_service.model.scoring import ItemItemModel
from whynotboth.v1 import jobs_pb2

if TYPE_CHECKING:
    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore

WHEN = datetime(2024, 5, 1, 12, 30, tzinfo=UTC)
ITEMS = tuple(Item(f"i{n}", f"Film {n}", 1990 + n, ("Drama",) if n % 2 == 0 else ("Comedy", "Action")) for n in range(10))


def interaction(user_id: str, item_id: str, rating: float | None = 5.0, when: datetime | None = WHEN) -> Interaction:
    return Interaction(str(uuid4()), user_id, item_id, rating, when)


def later(days: int) -> datetime:
    """Return the time this many days after the sample's interactions."""
    return WHEN + timedelta(days=days)


INTERACTIONS = (
    interaction("even", "i0"),
    interaction("even", "i2", 4.5),
    interaction("odd", "i1", None),
    interaction("late", "i9", 1.0),
)


def logged(offset: int, entry: Interaction) -> LoggedInteraction:
    return LoggedInteraction(entry, LogPosition(offset, entry.interaction_id))


def erasure(offset: int, user_id: str) -> LoggedErasure:
    return LoggedErasure(user_id, LogPosition(offset, str(uuid4())), WHEN)


def parity_model(items: int = 10) -> ItemItemModel:
    """Return a model with the weight 1 between items of equal parity. Items with lower numbers are more popular."""
    numbers = np.arange(items)
    weights = (numbers[:, None] % 2 == numbers[None, :] % 2).astype(np.float32) - np.eye(items, dtype=np.float32)
    popularity = np.linspace(1, 0.1, items).astype(np.float32)
    return ItemItemModel(np.array([f"i{n:x}" for n in numbers]), weights, popularity, RatingWeights(1.5, 3.0))


def loaded_model(version: str = "20240501T123000Z-00000000") -> LoadedModel:
    return LoadedModel(ModelVersion(version, "ease", {"l2": 1.0}, {"ndcg_at_10": 0.5}, WHEN), parity_model(), Catalogue(ITEMS))


def save_model(registry: FileRegistry, items: int = 10, ndcg: float = 0.5) -> ModelVersion:
    metrics = {"ndcg_at_10": ndcg}
    return registry.save(parity_model(items), estimator="ease", params={"l2": 1.0}, metrics=metrics, data={"fingerprint": "f"})


def live_state(store: SqlStore) -> LiveState:
    return LiveState(store.load_catalogue(), store.load_histories(recent=100))


JobParams = jobs_pb2.TrainParams | jobs_pb2.EvaluateParams | jobs_pb2.ExportParams


def job(params: JobParams, job_id: str = "job-1", requested_at: datetime | None = None) -> Job:
    kind = params.DESCRIPTOR.name.removesuffix("Params").lower()
    return Job(job_id, kind, params.SerializeToString(deterministic=True), requested_at)


def attempt(params: JobParams, job_id: str = "job-1", number: int = 1) -> Attempt:
    return Attempt(job(params, job_id), number, number)
