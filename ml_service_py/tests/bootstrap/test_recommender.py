"""The recommender as a process, with no broker to be found: it starts, answers, and stops by the book."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import IO, TYPE_CHECKING, Any

import grpc
import pytest
import sample

from whynotboth.v1.recommender_pb2 import RecommendRequest
from whynotboth.v1.recommender_pb2_grpc import RecommenderServiceStub

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ml_service.adapters.registry.registry import FileRegistry
    from ml_service.adapters.sql.store import SqlStore

HOST = "127.0.0.1"
STOP_SECONDS = 15


class Recommender:
    """A recommender process and its log."""

    def __init__(self, environment: dict[str, str]) -> None:
        command = [sys.executable, "-m", "ml_service", "serve"]
        self.process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True)
        #: The log events that the test has read so far.
        self.events: list[str] = []

    def wait_for(self, event: str) -> dict[str, Any]:
        for line in self._log:
            row: dict[str, Any] = json.loads(line)
            self.events.append(row["event"])
            if row["event"] == event:
                return row
        raise AssertionError(f"it ended without '{event}'")

    def recommend(self, port: int, user_id: str) -> list[str]:
        with grpc.insecure_channel(f"{HOST}:{port}", [("grpc.enable_http_proxy", 0)]) as channel:
            answer = RecommenderServiceStub(channel).Recommend(RecommendRequest(user_id=user_id, limit=2), timeout=10)
        return [recommended.item.item_id for recommended in answer.items]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    def last_words(self) -> str:
        return self._log.read()

    @property
    def _log(self) -> IO[str]:
        assert self.process.stderr is not None
        return self.process.stderr


@pytest.fixture
def environment(database_url: str, tmp_path: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": database_url,
        "REGISTRY_URL": str(tmp_path / "registry"),
        # Nothing listens on this port.
        "AMQP_URL": f"amqp://{HOST}:1/",
        "RECOMMENDER_GRPC_PORT": "0",
        "RECOMMENDER_OPS_PORT": "0",
    }


@pytest.fixture
def recommenders() -> Iterator[list[Recommender]]:
    started: list[Recommender] = []
    yield started
    for recommender in started:
        recommender.process.kill()
        recommender.process.communicate()


def test_the_recommender_serves_without_a_broker_and_ends_on_sigterm(
    store: SqlStore, registry: FileRegistry, environment: dict[str, str], recommenders: list[Recommender]
) -> None:
    store.compare_and_set_live(None, sample.save_model(registry).version)
    recommender = Recommender(environment)
    recommenders.append(recommender)
    ports = recommender.wait_for("listening")

    assert "model version live" in recommender.events
    assert recommender.recommend(ports["grpc_port"], "even") == ["i4", "i6"]
    recommender.wait_for("ready")
    assert recommender.stop() == 0
    assert recommender.wait_for("stopped")["still_open"] == []


def test_a_taken_port_is_named(store: SqlStore, environment: dict[str, str], recommenders: list[Recommender]) -> None:
    with socket.create_server((HOST, 0)) as taken:
        recommender = Recommender({**environment, "RECOMMENDER_GRPC_PORT": str(taken.getsockname()[1])})
        recommenders.append(recommender)

        assert recommender.process.wait(60) == 1

    assert "\nRECOMMENDER_GRPC_PORT: " in recommender.last_words()


def test_the_error_of_a_store_without_tables_names_the_command(environment: dict[str, str], recommenders: list[Recommender]) -> None:
    recommender = Recommender(environment)
    recommenders.append(recommender)

    assert recommender.process.wait(60) == 1
    assert "`python -m ml_service migrate`" in recommender.last_words()
