"""The projector is killed and frozen at each of its steps. Each interaction is in the SQL store once, in the log's order."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING
from uuid import uuid4

import psutil
import pytest
from pydantic import SecretStr
from sqlalchemy import select

from harness.busy_clients import BusyClients
from harness.dying_projector import STEPS, DyingProjector, Work
from harness.log_readers import OwnLog
from harness.waiting import eventually
from ml_service.adapters.broker.connection import BrokerAddress
from ml_service.adapters.broker.publisher import Publisher
from ml_service.adapters.sql.database import migrate, open_engine, reading
from ml_service.adapters.sql.store import SqlStore
from ml_service.adapters.sql.tables import interactions
from ml_service.config import Settings
from ml_service.domain import Item

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from harness.brokers import RunningBroker
    from harness.gateway import GatewayDriver
    from harness.stack import Stack

#: The broker drops a frozen process, and frees its exclusive queue, after two to three heartbeats of 5 s.
TAKEOVER_SECONDS = 20


@pytest.fixture
def address(running: RunningBroker) -> BrokerAddress:
    definitions = Settings(database_url=SecretStr("sqlite://"), registry_url="none").broker_definitions
    return BrokerAddress(running.amqp_url, definitions)


@pytest.fixture
def log(address: BrokerAddress) -> Iterator[OwnLog]:
    publisher = Publisher(address)
    publisher.start()
    yield OwnLog(address, publisher)
    assert publisher.stop()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    engine = open_engine(f"sqlite:///{tmp_path}/store.db")
    migrate(engine)
    store = SqlStore(engine)
    store.import_data([Item("film", "A film")], [])
    yield store
    engine.dispose()


@pytest.fixture
def work(address: BrokerAddress, log: OwnLog, store: SqlStore) -> Iterator[Work]:
    yield Work(address, str(store.engine.url), log.name, lock=f"{log.name}.projector")
    # A frozen process ignores SIGTERM, and pytest would wait for it.
    DyingProjector.kill_all()


def stored_ids(store: SqlStore) -> list[str]:
    with reading(store.engine) as connection:
        return list(connection.scalars(select(interactions.c.interaction_id).order_by(interactions.c.row_id)))


def is_stored(store: SqlStore, recorded: list[str]) -> bool:
    assert stored_ids(store) == recorded
    return True


def test_a_projector_killed_at_each_of_its_steps_stores_each_interaction_once(log: OwnLog, store: SqlStore, work: Work) -> None:
    recorded: list[str] = []
    for step in STEPS:
        log.record("erased", "film", 4)
        log.erase("erased")
        recorded += [log.record(str(uuid4()), "film", rating) for rating in (1, 2, 3)]
        dying = DyingProjector(work.dying_at(step, signal.SIGKILL))
        assert dying.wait_until_dead(within=30) == -signal.SIGKILL, step

    DyingProjector(work)

    eventually(lambda: is_stored(store, recorded), within=30)


def test_a_waiting_projector_takes_over_when_the_first_is_killed(log: OwnLog, store: SqlStore, work: Work) -> None:
    recorded = [log.record(str(uuid4()), "film", 1)]
    first = DyingProjector(work)
    eventually(lambda: is_stored(store, recorded), within=30)
    DyingProjector(work)

    first.kill()
    recorded.append(log.record(str(uuid4()), "film", 2))

    eventually(lambda: is_stored(store, recorded), within=TAKEOVER_SECONDS)


@pytest.mark.parametrize("step", ["take", "stored"])
def test_a_frozen_projector_is_replaced_and_steps_down_when_it_thaws(log: OwnLog, store: SqlStore, work: Work, step: str) -> None:
    recorded = [log.record(str(uuid4()), "film", 1)]
    frozen = DyingProjector(work.dying_at(step, signal.SIGSTOP))
    eventually(lambda: is_stopped(frozen.pid), within=30)

    following = DyingProjector(work)
    recorded += [log.record(str(uuid4()), "film", rating) for rating in (2, 3)]
    eventually(lambda: is_stored(store, recorded), within=TAKEOVER_SECONDS)
    os.kill(frozen.pid, signal.SIGCONT)

    if step == "take":
        assert frozen.refusals.get(timeout=20) == "stepped down"
    recorded.append(log.record(str(uuid4()), "film", 4))
    eventually(lambda: is_stored(store, recorded), within=20)
    assert following.refusals.empty()


def is_stopped(pid: int) -> bool:
    return bool(psutil.Process(pid).status() == psutil.STATUS_STOPPED)


def test_a_worker_killed_repeatedly_under_load_stores_every_accepted_interaction_once(stack: Stack, gateway: GatewayDriver) -> None:
    with BusyClients([gateway]) as clients:
        for _ in range(3):
            clients.wait_for_accepted(50)
            stack.worker.kill()
            stack.worker.restart()

    clients.assert_stored_once(stack.store)
    assert len(clients.accepted) >= 150
