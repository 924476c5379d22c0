"""The engine of the SQL store: its transactions, its migrations, and the translation of its errors. Knows no query."""

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
MIGRATIONS = Path(__file__).parent / "migrations"


def open_engine(database_url: str) -> Engine:
    """Prepares connections; opens none. The owner calls `dispose()` on it. Raises ValueError for a URL that leads nowhere."""
    try:
        url = make_url(database_url)
        if url.get_backend_name() != "sqlite":
            return _open_server(url)
        engine = create_engine(url, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000})
    except (ArgumentError, ImportError) as error:
        raise ValueError(str(error)) from error
    except ValueError:
        # Python would quote a part of the URL, which may be one of the password.
        raise ValueError("this is no URL as postgresql+psycopg://user:password@host:5432/database; encode / : @ in a password") from None
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _open_server(url: URL) -> Engine:
    # Who keeps their store in a file needs no driver for servers.
    from ml_service.adapters.sql import postgres  # noqa: PLC0415

    # A connection that died in the pool is found by the ping, and replaced.
    engine = create_engine(url, pool_pre_ping=True, pool_size=5, max_overflow=5, pool_timeout=BUSY_TIMEOUT_MS / 1000)
    if url.drivername == "postgresql+psycopg":
        event.listen(engine, "do_connect", postgres.connect)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """One read transaction: every query in it sees the same moment. Raises Unavailable (STORE_UNAVAILABLE, STORE_UNUSABLE)."""
    with translated_errors(engine), engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield connection


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """One write transaction, committed at the end, rolled back by any error. Raises Unavailable (STORE_UNAVAILABLE, STORE_UNUSABLE)."""
    with translated_errors(engine), engine.connect() as connection:
        # A SQLite transaction that reads first and writes later fails at once when another writes: take the lock at the start.
        connection.execution_options(sqlite_begin="IMMEDIATE")
        with connection.begin():
            yield connection


def insert_new(connection: Connection, table: Table, rows: list[dict[str, Any]], key: str) -> int:
    """Inserts the rows whose `key` isn't there yet; gives their number."""
    if not rows:
        return 0
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).on_conflict_do_nothing(index_elements=[key])
    # Without it SQLAlchemy forgets the driver's count of an INSERT, and gives -1 on PostgreSQL.
    return int(connection.execute(statement.execution_options(preserve_rowcount=True), rows).rowcount)


def migrate(engine: Engine, *, beside_others: bool = False) -> None:
    """Bring the store's tables to this version of the code; change nothing when they are. Several processes may call it at once.

    Raise Unavailable (STORE_UNUSABLE) for a database with another program's tables, unless ours may stand beside them.
    """
    # Loaded by those who migrate: every service would keep it in memory, for nothing.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    from ml_service.adapters.sql import postgres  # noqa: PLC0415

    config = Config()
    # Alembic's options understand %-formatting; a folder's name may hold a %.
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with translated_errors(engine):
        _make_folder(engine.url)
    with writing(engine) as connection, postgres.patience(connection):
        postgres.lock_migrations(connection)
        refuse_foreign_tables(connection, _revisions(), allowed=beside_others)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    _keep_a_write_ahead_log(engine)


def is_migrated(engine: Engine) -> bool:
    """Whether the store's tables are those of this version of the code."""
    with reading(engine) as connection:
        return read_revision(connection) == max(_revisions())


def require_migrated(engine: Engine) -> None:
    """Raise Unavailable (STORE_UNUSABLE) unless the store's tables are those of this version."""
    if not is_migrated(engine):
        raise Unavailable("STORE_UNUSABLE", "The SQL store has no tables of this version. Run `python -m ml_service migrate`.")
    # A backup may have brought the file back in another mode.
    _keep_a_write_ahead_log(engine)


def _make_folder(url: URL) -> None:
    if url.get_backend_name() == "sqlite" and url.database:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)


def _keep_a_write_ahead_log(engine: Engine) -> None:
    """Let others read a SQLite store while one writes. The file itself keeps this mode, so only one that is ours gets it."""
    if engine.dialect.name != "sqlite":
        return
    with translated_errors(engine), engine.connect() as connection:
        # SQLite changes the mode outside of transactions only.
        connection.execution_options(sqlite_begin=None)
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")


def _revisions() -> set[str]:
    """The files of the migrations begin with their revisions, which count up."""
    return {file.name.partition("_")[0] for file in (MIGRATIONS / "versions").glob("*.py")}


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver begins transactions late and by guessing; `_begin_sqlite` does it instead.
    connection.isolation_level = None
    for pragma in ("synchronous=NORMAL", f"busy_timeout={BUSY_TIMEOUT_MS}", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    mode = connection.get_execution_options().get("sqlite_begin", "DEFERRED")
    if mode:
        connection.exec_driver_sql(f"BEGIN {mode}")
