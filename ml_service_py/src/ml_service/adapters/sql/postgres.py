"""Connections to PostgreSQL on which nobody waits for ever, as a server that is frozen or cut off doesn't even close them."""

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
#: A statement may take longer, as long as something of its answer comes.
SILENT_SECONDS = 5.0
#: What the server ends by itself: a wait for another's lock, and a transaction whose owner is frozen, with the locks that it holds.
OPTIONS = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=30s"


class ImpatientConnection(Connection[Any]):
    """Closes itself when the server is silent for too long, so that a pool replaces it."""

    is_patient = False

    def wait(self, gen: PQGen[T], *args: Any, **options: Any) -> T:
        try:
            return super().wait(gen if self.is_patient else _until_silence(gen), *args, **options)
        except SilentServer:
            self.close()
            raise


class SilentServer(OperationalError):
    """The server took a statement and said nothing."""


def connect(_dialect: object, _record: object, args: tuple[Any, ...], parameters: dict[str, Any]) -> ImpatientConnection:
    """SQLAlchemy's hook `do_connect`. What the URL says wins."""
    return ImpatientConnection.connect(*args, **{"connect_timeout": CONNECT_SECONDS, "options": OPTIONS, **parameters})


@contextmanager
def patience(connection: sqlalchemy.Connection) -> Iterator[None]:
    """For statements that take as long as they take and answer nothing meanwhile, as those of migrations."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, ImpatientConnection):
        yield
        return
    driver.is_patient = True
    try:
        yield
    finally:
        driver.is_patient = False


def lock_migrations(connection: sqlalchemy.Connection) -> None:
    """Wait, however long, while another process migrates; then there is nothing to do. SQLite's write lock does the same."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(20241122)")
        connection.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")


def _until_silence(answering: PQGen[T]) -> PQGen[T]:
    """Passes on what psycopg waits for; it looks up every 0.1 s with nothing to read."""
    heard_at = time.monotonic()
    try:
        wanted = next(answering)
        while True:
            ready = yield wanted
            if ready:
                heard_at = time.monotonic()
            elif time.monotonic() - heard_at > SILENT_SECONDS:
                raise SilentServer(f"The server has said nothing for {SILENT_SECONDS:g} s.")
            wanted = answering.send(ready)
    except StopIteration as end:
        return end.value  # type: ignore[no-any-return]
