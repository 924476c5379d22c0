"""A store whose queries for history pages hang, as with a database server that is cut off."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from ml_service.adapters.sql.store import SqlStore

if TYPE_CHECKING:
    from ml_service.ports.storage import PagePosition, StoredPage


class FrozenStore(SqlStore):
    """Blocks each query for a history page until `thawed` is set."""

    def __init__(self, store: SqlStore) -> None:
        super().__init__(store.engine)
        self.thawed = threading.Event()

    def list_interactions(self, user_id: str, limit: int, after: PagePosition | None) -> StoredPage:
        assert self.thawed.wait(30)
        return super().list_interactions(user_id, limit, after)
