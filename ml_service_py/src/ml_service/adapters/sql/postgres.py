"""Connections to PostgreSQL with a read timeout: a server that is frozen or cut off never closes its connections."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from psycopg import Connection, OperationalError

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy
    from psycopg.abc import PQGen

T = TypeVar("T")

CONNECT_SECONDS = 3
#: The longest time without any data from the server. A statement may take longer if parts of its answer arrive.
READ_TIMEOUT_SECONDS = 5.0
#: The server itself ends a wait for a lock, and the transaction of a frozen client, which holds locks.
OPTIONS = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"


class ReadTimeoutConnection(Connection[Any]):
    """A connection that closes itself after READ_TIMEOUT_SECONDS without data from the server, so that the pool replaces it."""

    has_read_timeout = True

    def wait(self, gen: PQGen[T], *args: Any, **options: Any) -> T:
        try:
            return super().wait(_with_read_timeout(gen) if self.has_read_timeout else gen, *args, **options)
        except ReadTimeout:
            self.close()
            raise


class ReadTimeout(OperationalError):
    """The server accepted a statement and sent no data."""


def connect(_dialect: object, _record: object, args: tuple[Any, ...], parameters: dict[str, Any]) -> ReadTimeoutConnection:
    """Connect, as SQLAlchemy's hook `do_connect`. Options in the URL override those of this module."""
    return ReadTimeoutConnection.connect(*args, **{"connect_timeout": CONNECT_SECONDS, "options": OPTIONS, **parameters})


@contextmanager
def without_read_timeout(connection: sqlalchemy.Connection) -> Iterator[None]:
    """Turn the read timeout off for the block: a statement of a migration may take long, and sends nothing meanwhile."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, ReadTimeoutConnection):
        yield
        return
    driver.has_read_timeout = False
    try:
        yield
    finally:
        driver.has_read_timeout = True


def lock_migrations(connection: sqlalchemy.Connection) -> None:
    """Wait until no other process migrates, for any time, and keep others waiting until the transaction ends.

    SQLite needs nothing: its write lock does the same.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(20241122)")
        connection.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")


def _with_read_timeout(statement: PQGen[T]) -> PQGen[T]:
    """Wrap psycopg's generator, which psycopg resumes when data arrives, and every 0.1 s with `ready` empty. Raises ReadTimeout."""
    received_at = time.monotonic()
    try:
        wanted = next(statement)
        while True:
            ready = yield wanted
            if ready:
                received_at = time.monotonic()
            elif time.monotonic() - received_at > READ_TIMEOUT_SECONDS:
                raise ReadTimeout(f"The server has sent nothing for {READ_TIMEOUT_SECONDS:g} s.")
            wanted = statement.send(ready)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
