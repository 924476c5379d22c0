"""The SQL store is killed, frozen or locked: recommendations come from memory, history pages are refused, the projector catches up."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import select

from harness.brokers import add_virtual_host
from harness.postgres import running_postgres
from harness.stack import Stack
from harness.waiting import eventually
from ml_service.adapters.sql.database import migrate, open_engine, reading
from ml_service.adapters.sql.store import SqlStore
from ml_service.adapters.sql.tables import interactions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from harness.brokers import RunningBroker
    from harness.gateway import GatewayDriver
    from harness.postgres import PostgresServer
    from harness.stack import Data

Outage = Callable[["PostgresServer"], AbstractContextManager[None]]
FILMS = ("50", "181", "100", "174")


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    with running_postgres() as server:
        yield server


@pytest.fixture(scope="module")
def store(postgres: PostgresServer, trained: Data, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqlStore]:
    """The trained catalogue and live version on PostgreSQL, without any ratings."""
    copy = trained.copy_to(tmp_path_factory.mktemp("trained") / "data")
    trained_store = SqlStore(open_engine(copy.environment["DATABASE_URL"]))
    live = trained_store.read_live()
    assert live is not None
    engine = open_engine(postgres.create_database())
    migrate(engine)
    store = SqlStore(engine)
    store.import_data(trained_store.load_catalogue(), [])
    store.compare_and_set_live(None, live.version)
    trained_store.engine.dispose()
    yield store
    engine.dispose()


@pytest.fixture(scope="module")
def gateway_on_postgres(
    store: SqlStore, trained: Data, running: RunningBroker, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayDriver]:
    folder = tmp_path_factory.mktemp("on-postgres")
    # Only one worker projects each log, so this stack has a log of its own.
    amqp_url = add_virtual_host(running, folder.name)
    # The recommender gives up on a silent store after 1.5 s. On a busy machine its answer may take longer than the default deadline of 2 s.
    settings = {"DATABASE_URL": store.engine.url.render_as_string(hide_password=False), "GATEWAY_RECOMMENDER_DEADLINE_MS": "3500"}
    with Stack(trained.copy_to(folder / "data"), amqp_url, folder, settings) as stack:
        yield stack.gateway


@contextmanager
def killed(server: PostgresServer) -> Iterator[None]:
    server.kill()
    yield
    server.start()


@contextmanager
def frozen(server: PostgresServer) -> Iterator[None]:
    server.pause()
    yield
    server.unpause()


def stored_ids(store: SqlStore, user_id: str) -> list[str]:
    query = select(interactions.c.interaction_id).where(interactions.c.user_id == user_id).order_by(interactions.c.row_id)
    with reading(store.engine) as connection:
        return list(connection.scalars(query))


@pytest.mark.parametrize("down", [killed, frozen])
def test_sql_store_down_only_history_pages_are_refused_and_nothing_is_lost(
    gateway_on_postgres: GatewayDriver,
    postgres: PostgresServer,
    store: SqlStore,
    user_id: str,
    down: Outage,
) -> None:
    gateway = gateway_on_postgres
    accepted = [gateway.rate(user_id, FILMS[0], 5)]
    eventually(lambda: len(gateway.interactions(user_id)) == 1, within=20)

    with down(postgres):
        accepted += [gateway.rate(user_id, film, 4) for film in FILMS[1:]]
        recommended = gateway.recommend(user_id, min_offset=accepted[-1]["offset"])
        refused = gateway.problem("GET", f"/v1/users/{user_id}/interactions")
        promotion = gateway.problem("POST", f"/v1/models/{recommended['modelVersion']}/promote")
        similar = gateway.get(f"/v1/items/{FILMS[0]}/similar", limit=3)

    assert (recommended["source"], recommended["degraded"]) == ("model", False)
    assert (refused["status"], refused["reason"]) == (503, "STORE_UNAVAILABLE")
    assert promotion["status"] in {503, 504}
    assert len(similar["items"]) == 3
    ids = [interaction["interactionId"] for interaction in accepted]
    eventually(lambda: stored_ids(store, user_id) == ids, within=40)
    assert len(gateway.interactions(user_id)) == len(FILMS)


def test_with_a_locked_store_the_projector_pauses_and_catches_up(stack: Stack, gateway: GatewayDriver, user_id: str) -> None:
    with closing(sqlite3.connect(stack.data.folder / "store.db", isolation_level=None)) as locker:
        locker.execute("BEGIN IMMEDIATE")
        accepted = [gateway.rate(user_id, film, 5) for film in FILMS]
        eventually(lambda: "broker thread paused" in stack.worker.log_text(), within=30, what="a projector that pauses")

        recommended = gateway.recommend(user_id, min_offset=accepted[-1]["offset"])
        listed = gateway.interactions(user_id)
        locker.execute("ROLLBACK")

    assert (recommended["source"], listed) == ("model", [])
    eventually(lambda: stack.store.count_interactions(accepted[-1]["interactionId"]), within=30)
    assert [stack.store.count_interactions(each["interactionId"]) for each in accepted] == [1] * len(FILMS)
