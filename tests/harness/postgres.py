"""A PostgreSQL server in a container, with a new database for whoever asks."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg

from harness.containers import running_container
from harness.engine import image_of
from harness.waiting import eventually
from infra.local.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from docker.models.containers import Container

USER = "tests"
START_SECONDS = 60
#: Nothing that a test writes needs to outlive the server.
COMMAND = ["postgres", "-c", "fsync=off", "-c", "full_page_writes=off"]


class PostgresServer:
    """A server that a test may kill and start again with its data, and freeze."""

    def __init__(self, container: Container, port: int) -> None:
        self._container = container
        self._address = f"{USER}:{USER}@{LOOPBACK}:{port}"

    def create_database(self) -> str:
        """Gives the URL of an empty database."""
        name = f"test_{uuid4().hex}"
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{self._address}/{name}"

    def kill(self) -> None:
        self._container.kill()

    def start(self) -> None:
        self._container.start()
        self.wait_until_ready()

    def pause(self) -> None:
        """Freezes it: connections stay open, and nothing answers."""
        self._container.pause()

    def unpause(self) -> None:
        self._container.reload()
        if self._container.status == "paused":
            self._container.unpause()

    def end_connections(self) -> None:
        """Ends all connections of clients, as a failover would."""
        with self._connect() as connection:
            others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")  # noqa: S608

    def wait_until_ready(self) -> None:
        eventually(self._answers, within=START_SECONDS, what="a PostgreSQL server that answers")

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(f"postgresql://{self._address}/{USER}", autocommit=True)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    variables = {"POSTGRES_USER": USER, "POSTGRES_PASSWORD": USER}
    with running_container(image_of("POSTGRES_IMAGE"), 5432, command=COMMAND, variables=variables) as (container, port):
        server = PostgresServer(container, port)
        server.wait_until_ready()
        yield server
