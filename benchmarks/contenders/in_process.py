"""The model in the web server's process: the same matrix, histories and catalogue as the stack, one user at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ml_service.bootstrap.clients import open_clients
from ml_service.config import read_settings
from ml_service.model import scoring
from ml_service.model.reasons import why

if TYPE_CHECKING:
    from ml_service.domain import Item


@dataclass(frozen=True, slots=True)
class Recommended:
    item: Item
    score: float
    why: list[Item]


class Recommender:
    """Loads the live version and all histories once."""

    def __init__(self) -> None:
        with open_clients(read_settings()) as parts:
            live = parts.store.read_live()
            assert live is not None, "no version is live"
            self.version = live.version
            self._model = parts.registry.load(live.version)
            self._items = {item.item_id: item for item in parts.store.load_catalogue()}
            rated = parts.store.load_histories(recent=0).ratings
        self._histories = {user_id: scoring.history_of(self._model, ratings) for user_id, ratings in rated.items()}

    def recommend(self, user_id: str, limit: int) -> list[Recommended]:
        users = scoring.score_users(self._model, [self._histories[user_id]])
        (ranking,) = rankings = scoring.rank(self._model, users, [limit])
        (reasons,) = why(self._model, users, rankings)
        return [
            Recommended(self._item(index), score, [self._item(reason) for reason in pair if reason >= 0])
            for index, score, pair in zip(ranking.indexes.tolist(), ranking.scores.tolist(), reasons.tolist(), strict=True)
        ]

    def _item(self, index: int) -> Item:
        return self._items[str(self._model.item_ids[index])]
