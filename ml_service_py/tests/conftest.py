"""Fixtures with real SQLite and real files in a temporary folder, without a network."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
import sample
from hypothesis import settings

from ml_service.adapters.registry.registry import FileRegistry
from ml_service.adapters.sql.database import migrate, open_engine
from ml_service.adapters.sql.store import SqlStore
from ml_service.handlers.deadline import StoreWithDeadline

# For `make fuzz`. By default Hypothesis tries 100 examples of each property.
settings.register_profile("long", max_examples=5000)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml_service.handlers.live_state import LiveState


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """The URL of a new database. tests/integration/test_store_postgres.py overrides it, to run the store's tests on PostgreSQL."""
    return f"sqlite:///{tmp_path}/store.db"


@pytest.fixture
def absent_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/no such folder/store.db"


@pytest.fixture
def empty_store(database_url: str) -> Iterator[SqlStore]:
    engine = open_engine(database_url)
    migrate(engine)
    yield SqlStore(engine)
    engine.dispose()


@pytest.fixture
def store(empty_store: SqlStore) -> SqlStore:
    empty_store.import_data(sample.ITEMS, sample.INTERACTIONS)
    return empty_store


@pytest.fixture
def questions(store: SqlStore) -> Iterator[StoreWithDeadline]:
    with ThreadPoolExecutor(1) as threads:
        yield StoreWithDeadline(store, threads)


@pytest.fixture
def executor() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
def registry(tmp_path: Path) -> FileRegistry:
    return FileRegistry(str(tmp_path / "registry"))


@pytest.fixture
def live(store: SqlStore) -> LiveState:
    state = sample.live_state(store)
    state.swap(sample.loaded_model())
    return state
