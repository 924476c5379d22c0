"""The engine of the SQL store, its transactions and its migrations. Knows no query."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError

from ml_service.adapters.sql.foreign_tables import read_revision, refuse_foreign_tables
from ml_service.adapters.sql.store_errors import translated_errors
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

BUSY_TIMEOUT_MS = 5000
#: Pages that a long transaction keeps in memory. With SQLite's default of 2 MB, the insertion of a million rows takes twice as long.
LONG_CACHE_KIB = 64 * 1024
MIGRATIONS = Path(__file__).parent / "migrations"


def open_engine(database_url: str) -> Engine:
    """Return an engine without opening a connection. The caller calls `dispose()` on it. Raises ValueError for an unusable URL."""
    try:
        url = make_url(database_url)
        if url.get_backend_name() != "sqlite":
            return _open_server(url)
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    except (ArgumentError, ImportError) as error:
        raise ValueError(str(error)) from error
    except ValueError:
        # Drop Python's message: it quotes a part of the URL, which may belong to the password.
        form = "postgresql+psycopg://user:password@host:5432/database"
        raise ValueError(f"this isn't a URL of the form {form}; encode / : @ in a password") from None
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_server(url: URL) -> Engine:
    # Imported late: a store in a file needs no PostgreSQL driver.
    from ml_service.adapters.sql import postgres  # noqa: PLC0415

    # `pool_pre_ping` replaces connections that died in the pool.
    engine = create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=5, pool_timeout=BUSY_TIMEOUT_MS / 1000)
    if url.drivername == "postgresql+psycopg":
        event.listen(engine, "do_connect", postgres.connect)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A read transaction: all its queries see the same snapshot. Raises Unavailable (STORE_UNAVAILABLE, STORE_UNUSABLE)."""
    with translated_errors(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A write transaction: committed at the end, rolled back by any error. Raises Unavailable (STORE_UNAVAILABLE, STORE_UNUSABLE)."""
    with translated_errors(engine), engine.connect() as connection, beginning_to_write(connection):
        yield connection


@contextmanager
def beginning_to_write(connection: Connection) -> Iterator[None]:
    """A write transaction on a connection that has none."""
    # Take SQLite's lock at the start. A transaction that reads first and then writes fails at once if another one writes.
    connection.execution_options(sqlite_begin="IMMEDIATE")
    with connection.begin():
        yield


@contextmanager
def connected_for_long(engine: Engine) -> Iterator[Connection]:
    """A connection outside the pool for statements that take long, without a read timeout. Its temporary tables end with the block.

    Errors as `writing`.
    """
    # Imported late, as in `migrate`.
    from ml_service.adapters.sql import postgres  # noqa: PLC0415

    with translated_errors(engine), engine.connect() as connection, postgres.without_read_timeout(connection):
        connection.detach()
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql(f"PRAGMA cache_size=-{LONG_CACHE_KIB}")
            connection.commit()
        yield connection


def insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]], key: str) -> int:
    """Insert the rows whose `key` the table doesn't have yet. Return their number."""
    if not rows:
        return 0
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).on_conflict_do_nothing(index_elements=[key])
    # Without `preserve_rowcount`, SQLAlchemy returns -1 for an INSERT on PostgreSQL.
    return int(connection.execute(statement.execution_options(preserve_rowcount=True), rows).rowcount)


def migrate(engine: Engine, *, beside_others: bool = False) -> None:
    """Migrate the tables to the schema of this version; do nothing if they have it. Several processes may call it at once.

    Raise Unavailable (STORE_UNUSABLE) for a database with another program's tables, unless `beside_others` allows them.
    """
    # Imported late: only a migration needs Alembic in memory.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    from ml_service.adapters.sql import postgres  # noqa: PLC0415

    config = Config()
    # Escape %: Alembic formats its options, and a folder's name may contain a %.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with translated_errors(engine):
        _make_folder(engine.url)
    with writing(engine) as connection, postgres.without_read_timeout(connection):
        postgres.lock_migrations(connection)
        refuse_foreign_tables(connection, _revisions(), allowed=beside_others)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    _enable_write_ahead_log(engine)


def is_migrated(engine: Engine) -> bool:
    """Return whether the tables have the schema of this version."""
    with reading(engine) as connection:
        return read_revision(connection) == max(_revisions())


def require_migrated(engine: Engine) -> None:
    """Raise Unavailable (STORE_UNUSABLE) unless the tables have the schema of this version."""
    if not is_migrated(engine):
        raise Unavailable("STORE_UNUSABLE", "The SQL store has no tables of this version. Run `python -m ml_service migrate`.")
    # A restored backup may have another mode.
    _enable_write_ahead_log(engine)


def _make_folder(url: URL) -> None:
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)


def _enable_write_ahead_log(engine: Engine) -> None:
    """Let readers of a SQLite store work while a writer writes. The file keeps this mode, so never call it for another program's file."""
    if engine.dialect.name != "sqlite":
        return
    with translated_errors(engine), engine.connect() as connection:
        # SQLite can change the mode only outside of a transaction.
        connection.execution_options(sqlite_begin=None)
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")


def _revisions() -> set[str]:
    """Return the revisions: the numbers with which the names of the migration files begin."""
    return {file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("*.py")}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # Turn off the driver's own, implicit transactions. `_begin_sqlite` begins them.
    connection.isolation_level = None
    for pragma in ("synchronous=NORMAL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    if mode:
        connection.exec_driver_sql(f"BEGIN {mode}")
