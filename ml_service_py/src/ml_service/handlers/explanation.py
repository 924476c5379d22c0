"""Explains answers to data scientists: how much each item of a history contributes to a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ml_service.handlers.catalogue import get_item, get_user
from ml_service.model import scoring

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ml_service.domain import Item
    from ml_service.handlers.live_state import LiveState

EXPLAINED_ITEMS = 10


@dataclass(frozen=True, slots=True)
class Contribution:
    """An item of the history, its rating, and its part of the score."""

    item: Item
    rating: float | None
    contribution: float


@dataclass(frozen=True, slots=True)
class ExplainedItem:
    """An item, its score, and the whole history, largest contribution first. The contributions add up to the score."""

    item: Item
    score: float
    contributions: tuple[Contribution, ...]


def explain(live: LiveState, user_id: str, item_id: str | None) -> tuple[str, list[ExplainedItem]]:
    """Explain one item, or the user's recommended items. Return the model version and the explanations."""
    get_user(live, user_id)
    model, rated = live.model, live.history(user_id)
    history = scoring.history_of(model.scorer, rated)
    if item_id is None:
        indexes = scoring.recommend(model.scorer, [history], [EXPLAINED_ITEMS])[0].indexes
    else:
        get_item(live, item_id)
        indexes = np.array([model.scorer.item_index[item_id]] if item_id in model.scorer.item_index else [], dtype=np.int64)
    added = scoring.contributions(model.scorer, history, indexes)
    known = [live.items[known_id] for known_id in model.scorer.item_ids[history.indexes].tolist()]
    explained = [
        ExplainedItem(live.items[explained_id], float(column.sum()), _sorted(known, rated, column.tolist()))
        for explained_id, column in zip(model.scorer.item_ids[indexes].tolist(), added.T, strict=True)
    ]
    return model.version.version, explained


def _sorted(known: list[Item], rated: Mapping[str, float | None], column: list[float]) -> tuple[Contribution, ...]:
    rows = [Contribution(item, rated[item.item_id], added) for item, added in zip(known, column, strict=True)]
    return tuple(sorted(rows, key=lambda row: -row.contribution))
