"""The readers of the log in the test's own process: with a real stream, a real store and the recommender's live histories."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

from harness.broker import BrokerDriver
from harness.messages import interaction_recorded, user_erased
from harness.waiting import eventually
from ml_service.adapters.broker.envelope import Publication
from ml_service.adapters.broker.interaction_messages import decoding
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.adapters.sql.interaction_log import SqlInteractionLog
from ml_service.entrypoints.log.log_follower import LogFollower
from ml_service.entrypoints.log.projector import Projector
from ml_service.entrypoints.ops.metrics import Metrics
from ml_service.entrypoints.ops.worker_metrics import WorkerMetrics
from ml_service.handlers.histories import RECENT_IDS
from ml_service.handlers.live_state import LiveState

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ml_service.adapters.broker.connection import BrokerAddress
    from ml_service.adapters.broker.publisher import Publisher
    from ml_service.adapters.sql.store import SqlStore

STREAM: dict[str, str | int] = {"x-queue-type": "stream"}
#: Ends the message that a reader logs when it reads the log from its beginning again.
STARTED_OVER = ": starting over"
#: A segment holds about five interactions, and the log about three segments.
TINY = {**STREAM, "x-max-length-bytes": 3000, "x-stream-max-segment-size-bytes": 1000}
FILLERS = 20

Histories = dict[str, dict[str, float | None]]


class OwnLog:
    """A stream that only this test uses. It is tiny, so that the broker soon drops its oldest messages."""

    def __init__(self, address: BrokerAddress, publisher: Publisher, arguments: dict[str, str | int] = STREAM) -> None:
        self.name = f"log-{uuid4()}"
        self._address = address
        self._publisher = publisher
        with BrokerDriver(address.url).channel() as channel:
            channel.queue_declare(self.name, durable=True, arguments=arguments)

    def record(self, user_id: str, item_id: str, rating: float) -> str:
        interaction_id = str(uuid4())
        body = interaction_recorded(interaction_id, user_id, item_id, rating)
        self._publisher.publish(Publication("", self.name, "whynotboth.v1.InteractionRecorded", interaction_id, body))
        return interaction_id

    def erase(self, user_id: str) -> None:
        erasure_id = str(uuid4())
        self._publisher.publish(Publication("", self.name, "whynotboth.v1.UserErased", erasure_id, user_erased(erasure_id, user_id)))

    def drop_up_to(self, offset: int) -> None:
        """Append until the broker has dropped that offset and all earlier ones."""

        def is_dropped() -> bool:
            for _ in range(FILLERS):
                self._publisher.publish(Publication("", self.name, "filler", str(uuid4()), b"nothing to anybody" * 10))
            return self._first_offset() > offset

        eventually(is_dropped, within=60, what=f"a log that begins after offset {offset}")

    def _first_offset(self) -> int:
        offsets: list[int] = []
        reader = StreamReader(
            self._address,
            self.name,
            read_position=lambda: None,
            on_messages=lambda messages: offsets.extend(message.position.offset for message in messages),
            on_restart=offsets.clear,
        )
        reader.start()
        eventually(lambda: offsets, within=20)
        assert reader.stop()
        return offsets[0]


@contextmanager
def projecting(address: BrokerAddress, log: OwnLog, store: SqlStore) -> Iterator[StreamReader]:
    projector = Projector(SqlInteractionLog(store.engine), WorkerMetrics())
    reader = StreamReader(
        address,
        log.name,
        read_position=projector.read_position,
        on_messages=decoding(projector.on_entries),
        on_restart=projector.on_restart,
    )
    reader.start()
    yield reader
    assert reader.stop()


class LiveHistories:
    """Live histories on an event loop of their own. They follow the log while `following` is entered."""

    def __init__(self, store: SqlStore) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._live = LiveState(store.load_catalogue(), store.load_histories(RECENT_IDS))
        self._follower = asyncio.run_coroutine_threadsafe(self._follow(store), self._loop).result(10)

    @property
    def offset(self) -> int:
        assert self._live.position is not None
        return self._live.position.offset

    @property
    def ratings(self) -> Histories:
        return {user_id: dict(self._live.history(user_id)) for user_id in self._live.user_ids}

    @contextmanager
    def following(self, address: BrokerAddress, log: OwnLog) -> Iterator[StreamReader]:
        reader = StreamReader(
            address,
            log.name,
            read_position=lambda: self._live.position,
            on_messages=decoding(self._follower.on_entries),
            on_restart=self._follower.on_restart,
        )
        reader.start()
        yield reader
        assert reader.stop()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    async def _follow(self, store: SqlStore) -> LogFollower:
        return LogFollower(self._live, Metrics(self._live), lambda: store.load_histories(RECENT_IDS))


def stored_ratings(store: SqlStore) -> Histories:
    return {user_id: dict(ratings) for user_id, ratings in store.load_histories(recent=0).ratings.items()}
