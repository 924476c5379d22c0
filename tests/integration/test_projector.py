"""The projector: users' interactions on their way from the stream `interactions` to the SQL store."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import select

from harness.messages import interaction_recorded
from harness.waiting import eventually
from ml_service.adapters.broker.interaction_messages import PROJECTOR_LOCK, decoding
from ml_service.adapters.broker.stream_reader import StreamReader
from ml_service.adapters.sql.database import migrate, open_engine, reading
from ml_service.adapters.sql.interaction_log import STREAM, SqlInteractionLog
from ml_service.adapters.sql.store import SqlStore
from ml_service.adapters.sql.tables import interactions, rejected_interactions
from ml_service.domain import Item
from ml_service.entrypoints.log.projector import Projector
from ml_service.entrypoints.ops.worker_metrics import WorkerMetrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Engine

    from harness.broker import BrokerDriver
    from harness.worker import WorkerDriver
    from ml_service.adapters.broker.connection import BrokerAddress

MESSAGE_TYPE = "whynotboth.v1.InteractionRecorded"
ITEMS = [Item("film", "A film"), Item("other", "Another film")]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    SqlStore(engine).import_data(ITEMS, [])
    yield engine
    engine.dispose()


class ProjectorDriver:
    def __init__(self, address: BrokerAddress, engine: Engine, broker: BrokerDriver) -> None:
        self._engine = engine
        self._broker = broker
        projector = Projector(SqlInteractionLog(engine), WorkerMetrics())
        self.reader = StreamReader(
            address,
            STREAM,
            read_position=projector.read_position,
            on_messages=decoding(projector.on_entries),
            on_restart=projector.on_restart,
            lock=PROJECTOR_LOCK,
        )

    def record(self, user_id: str, item_id: str, rating: float, interaction_id: str | None = None) -> str:
        interaction_id = interaction_id or str(uuid4())
        self.publish(interaction_recorded(interaction_id, user_id, item_id, rating), interaction_id)
        return interaction_id

    def publish(self, body: bytes, message_id: str) -> None:
        self._broker.publish(body, routing_key=STREAM, message_type=MESSAGE_TYPE, message_id=message_id)

    def rows(self, user_id: str) -> list[tuple[str, float | None]]:
        query = select(interactions.c.interaction_id, interactions.c.rating).where(interactions.c.user_id == user_id)
        with reading(self._engine) as connection:
            return [(row.interaction_id, row.rating) for row in connection.execute(query.order_by(interactions.c.row_id))]

    def rejections(self, message_id: str) -> list[str]:
        with reading(self._engine) as connection:
            return list(connection.scalars(select(rejected_interactions.c.reason).where(rejected_interactions.c.message_id == message_id)))


@pytest.fixture
def projector(address: BrokerAddress, engine: Engine, broker: BrokerDriver) -> Iterator[ProjectorDriver]:
    driver = ProjectorDriver(address, engine, broker)
    driver.reader.start()
    eventually(lambda: driver.reader.is_attached, within=15)
    yield driver
    assert driver.reader.stop()


def test_interactions_are_stored_once_and_in_the_logs_order(projector: ProjectorDriver, user_id: str) -> None:
    first = projector.record(user_id, "film", 4)
    second = projector.record(user_id, "film", 2)
    projector.record(user_id, "film", 4, interaction_id=first)
    last = projector.record(user_id, "other", 5)

    eventually(lambda: len(projector.rows(user_id)) == 3, within=10)
    assert projector.rows(user_id) == [(first, 4), (second, 2), (last, 5)]


def test_an_unusable_message_is_kept_with_its_reason_and_blocks_nothing(projector: ProjectorDriver, user_id: str) -> None:
    undecodable = str(uuid4())
    projector.publish(b"\xff\xff", undecodable)
    unknown = projector.record(user_id, "no such film", 4)
    too_high = projector.record(user_id, "film", 6)
    good = projector.record(user_id, "film", 5)

    eventually(lambda: projector.rows(user_id) == [(good, 5)], within=10)
    reasons = [projector.rejections(message_id) for message_id in (undecodable, unknown, too_high)]
    assert reasons == [["MESSAGE_UNDECODABLE"], ["ITEM_UNKNOWN"], ["REQUEST_INVALID"]]


def test_the_next_projector_continues_where_the_last_one_stopped(
    projector: ProjectorDriver, address: BrokerAddress, engine: Engine, broker: BrokerDriver, user_id: str
) -> None:
    first = projector.record(user_id, "film", 4)
    eventually(lambda: projector.rows(user_id) == [(first, 4)], within=10)
    assert projector.reader.stop()

    missed = projector.record(user_id, "other", 3)
    following = ProjectorDriver(address, engine, broker)
    following.reader.start()

    eventually(lambda: following.rows(user_id) == [(first, 4), (missed, 3)], within=15)
    assert following.reader.stop()


def test_a_workers_metrics_show_the_progress_of_its_readers(worker: WorkerDriver, broker: BrokerDriver, user_id: str) -> None:
    broker.publish(interaction_recorded(str(uuid4()), user_id, "film", 4), routing_key=STREAM, message_type=MESSAGE_TYPE)

    def shown() -> bool:
        text = worker.parts.metrics.render().decode()
        readers = dict(re.findall(r'^worker_log_reader_(\w+{stream="interactions"}) (\S+)$', text, re.MULTILINE))
        return readers['attached{stream="interactions"}'] == "1.0" and float(readers['offset{stream="interactions"}']) >= 0

    eventually(shown, within=20)
