"""What keeps the live state up to date: the log, from the reader's thread, and the live version, on hints."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import pytest
import sample
from waiting import eventually

from ml_service.adapters.broker.interaction_messages import decoding
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.domain import LogPosition
from ml_service.entrypoints.log import log_follower
from ml_service.entrypoints.log.log_follower import LogFollower
from ml_service.entrypoints.log.model_follower import ModelFollower
from ml_service.entrypoints.ops.metrics import Metrics
from ml_service.errors import DeadlineExceeded, Unavailable
from ml_service.handlers.models import Models
from ml_service.ports.messaging import ReceivedMessage
from whynotboth.v1.interactions_pb2 import InteractionRecorded, UserErased

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore
    from ml_service.handlers.live_state import LiveState
    from ml_service.ports.storage import StoredHistories


def message(offset: int, user_id: str, item_id: str, rating: float = 4.0) -> ReceivedMessage:
    recorded = InteractionRecorded(interaction_id=f"interaction-{offset}", user_id=user_id, item_id=item_id, rating=rating)
    return ReceivedMessage(recorded.DESCRIPTOR.full_name, recorded.interaction_id, recorded.SerializeToString(), offset=offset)


@pytest.fixture
def live(store: SqlStore) -> LiveState:
    return sample.live_state(store)


def follow_log(live: LiveState, store: SqlStore) -> LogFollower:
    return LogFollower(live, Metrics(live), lambda: store.load_histories(recent=10))


async def test_messages_are_applied_before_the_reader_goes_on(live: LiveState, store: SqlStore) -> None:
    follower = follow_log(live, store)

    await asyncio.to_thread(decoding(follower.on_entries), [message(0, "even", "i4"), message(1, "new", "i1")])

    assert live.history("even")["i4"] == 4.0
    assert live.history("new") == {"i1": 4.0}


async def test_an_erasure_forgets_all_earlier_interactions(live: LiveState, store: SqlStore) -> None:
    erased = UserErased(erasure_id="an-id", user_id="even")
    erasure = ReceivedMessage(erased.DESCRIPTOR.full_name, "an-id", erased.SerializeToString(), offset=1)

    await asyncio.to_thread(decoding(follow_log(live, store).on_entries), [message(0, "even", "i4"), erasure, message(2, "even", "i5")])

    assert live.history("even") == {"i5": 4.0}


async def test_an_unusable_message_is_skipped(live: LiveState, store: SqlStore) -> None:
    follower = follow_log(live, store)
    broken = ReceivedMessage("whynotboth.v1.InteractionRecorded", "broken", b"\xff\xff", offset=1)

    await asyncio.to_thread(decoding(follower.on_entries), [message(0, "even", "i4", rating=9.0), broken])

    assert live.history("even") == {"i0": 5.0, "i2": 4.5}
    assert live.position == LogPosition(1, "broken")


async def test_a_restart_loads_the_histories_from_the_store(live: LiveState, store: SqlStore) -> None:
    follower = follow_log(live, store)
    await asyncio.to_thread(decoding(follower.on_entries), [message(50, "even", "i4")])
    SqlInteractionLog(store.engine).append([sample.logged(99, sample.interaction("odd", "i3", 2.0))], after=None)

    await asyncio.to_thread(follower.on_restart)

    assert live.position is not None
    assert live.position.offset == 99
    assert live.history("odd")["i3"] == 2.0


async def test_histories_stay_while_the_store_is_away(live: LiveState) -> None:
    def load_histories() -> StoredHistories:
        raise Unavailable("STORE_UNAVAILABLE", "Away.")

    follower = LogFollower(live, Metrics(live), load_histories)
    await asyncio.to_thread(decoding(follower.on_entries), [message(50, "even", "i4")])

    with pytest.raises(Unavailable):
        await asyncio.to_thread(follower.on_restart)

    assert live.history("even")["i4"] == 4.0


async def test_a_slow_event_loop_is_named_and_the_entries_can_be_applied_again(
    live: LiveState, store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_follower, "APPLY_SECONDS", 0.01)
    follower = follow_log(live, store)
    await live._moved.acquire()

    with pytest.raises(DeadlineExceeded, match="event loop"):
        await asyncio.to_thread(decoding(follower.on_entries), [message(0, "even", "i4")])

    live._moved.release()
    await asyncio.to_thread(decoding(follow_log(live, store).on_entries), [message(0, "even", "i4")])
    assert live.history("even")["i4"] == 4.0


class Followed:
    """A model follower at work, and how often it said that a model answers."""

    def __init__(self, live: LiveState, store: SqlStore, registry: FileRegistry) -> None:
        self.loaded = asyncio.Semaphore(0)
        models = Models(live, store, registry, announce=lambda _version: None)
        self.follower = ModelFollower(live, models, poll_seconds=3600, on_loaded=self._count)

    async def _count(self) -> None:
        self.loaded.release()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.follower.run())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def until_live(live: LiveState, version: str) -> None:
    await eventually(lambda: live.loaded is not None and live.loaded.version.version == version)


async def test_a_hint_loads_the_version_that_the_store_names(live: LiveState, store: SqlStore, registry: FileRegistry) -> None:
    first, second = (sample.save_model(registry, items).version for items in (8, 10))
    store.compare_and_set_live(None, first)
    followed = Followed(live, store, registry)

    async with followed.running():
        await followed.loaded.acquire()
        assert live.model.version.version == first

        store.compare_and_set_live(store.read_live(), second)
        await asyncio.to_thread(followed.follower.hint)
        await until_live(live, second)

    assert followed.loaded.locked()


async def test_a_version_that_cannot_be_loaded_does_not_stop_the_follower(live: LiveState, store: SqlStore, registry: FileRegistry) -> None:
    good = sample.save_model(registry).version
    store.compare_and_set_live(None, "20240101T000000Z-00000000")
    followed = Followed(live, store, registry)

    async with followed.running():
        store.compare_and_set_live(store.read_live(), good)
        followed.follower.hint()
        await until_live(live, good)
