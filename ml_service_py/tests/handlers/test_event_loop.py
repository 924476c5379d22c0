"""Work that grows with the catalogue or with the users leaves the event loop, so that calls beside it are answered."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest
import sample

from ml_service.domain import Item
from ml_service.handlers import catalogue, live_state, models
from ml_service.handlers.live_state import Catalogue, LiveState, LoadedModel
from ml_service.handlers.models import Models

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore


class ThreadsSeen(set[threading.Thread]):
    """The threads that did some work."""

    def watch(self, work: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*values: Any) -> Any:
            self.add(threading.current_thread())
            return work(*values)

        return watched

    @property
    def without_the_event_loop(self) -> bool:
        return bool(self) and threading.current_thread() not in self


@pytest.fixture
def threads() -> ThreadsSeen:
    return ThreadsSeen()


@pytest.fixture
def watched_text(threads: ThreadsSeen) -> type[str]:
    """Text that says which thread looked into it."""

    class WatchedText(str):
        __slots__ = ()

        def casefold(self) -> str:
            threads.add(threading.current_thread())
            return super().casefold()

        def __contains__(self, part: str) -> bool:  # type: ignore[override]
            threads.add(threading.current_thread())
            return super().__contains__(part)

    return WatchedText


async def test_a_search_for_items_runs_on_a_thread(
    live: LiveState, executor: Executor, threads: ThreadsSeen, watched_text: type[str]
) -> None:
    live.replace_catalogue(Catalogue([Item("i0", watched_text("Film 0"), 1990, (watched_text("Drama"),))]))

    page = await catalogue.list_items(live, executor, "film", "drama", page_size=10, token="")

    assert [item.item_id for item in page.rows] == ["i0"]
    assert threads.without_the_event_loop


async def test_a_search_for_users_runs_on_a_thread(
    live: LiveState, executor: Executor, threads: ThreadsSeen, watched_text: type[str]
) -> None:
    await live.apply([sample.logged(0, sample.interaction(watched_text("watched"), "i0"))])

    page = await catalogue.list_users(live, executor, "watch", 10, "")

    assert [user.user_id for user in page.rows] == ["watched"]
    assert threads.without_the_event_loop


async def test_a_version_is_prepared_on_a_thread(
    live: LiveState, store: SqlStore, registry: FileRegistry, threads: ThreadsSeen, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed = Models(live, store, registry, announce=lambda _version: None)
    version = sample.save_model(registry).version
    live.replace_catalogue(Catalogue([]))
    monkeypatch.setattr(models, "Catalogue", threads.watch(Catalogue))
    monkeypatch.setattr(models, "LoadedModel", threads.watch(LoadedModel))

    await followed.promote(version)

    assert live.model.version.version == version
    assert threads.without_the_event_loop


async def test_histories_are_rebuilt_on_a_thread(
    live: LiveState, store: SqlStore, threads: ThreadsSeen, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_state, "Histories", threads.watch(live_state.Histories))

    await live.rebuild(store.load_histories(recent=10))

    assert live.history("even") == {"i0": 5.0, "i2": 4.5}
    assert threads.without_the_event_loop
