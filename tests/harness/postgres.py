"""A PostgreSQL server in a container, with a new database for each test that asks for one."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.wait_strategies import ExecWaitStrategy

from harness.engine import OPTIONS, publish, require_image

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Nothing that a test writes needs to survive the server.
COMMAND = ["postgres", "-c", "fsync=off", "-c", "full_page_writes=off"]


class PostgresServer:
    """A server that a test may kill and start again with its data, and freeze."""

    def __init__(self, container: PostgresContainer) -> None:
        self._postgres = container
        self._container = container.get_wrapped_container()

    def create_database(self) -> str:
        """Return the URL of an empty database."""
        name = f"test_{uuid4().hex}"
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"{self._postgres.get_connection_url(driver='psycopg').rpartition('/')[0]}/{name}"

    def kill(self) -> None:
        self._container.kill()

    def start(self) -> None:
        self._container.start()
        ExecWaitStrategy(["pg_isready", "--host=127.0.0.1"]).wait_until_ready(self._postgres)

    def pause(self) -> None:
        """Freeze the server: its connections stay open, and it doesn't answer."""
        self._container.pause()

    def unpause(self) -> None:
        self._container.reload()
        if self._container.status == "paused":
            self._container.unpause()

    def end_connections(self) -> None:
        """End all connections of clients, as a failover would."""
        with self._connect() as connection:
            others = "pid <> pg_backend_pid() AND backend_type = 'client backend'"
            connection.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")  # noqa: S608

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(self._postgres.get_connection_url(driver=None), autocommit=True)


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    container = PostgresContainer(require_image("POSTGRES_IMAGE"), **OPTIONS).with_command(COMMAND)
    publish(container, container.port)
    with container:
        yield PostgresServer(container)
