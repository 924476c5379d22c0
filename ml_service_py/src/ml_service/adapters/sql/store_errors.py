"""Translates errors of the SQL store into service errors, and logs the cause: a bug, an outage, or a store that needs an operator."""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ml_service.adapters.system_errors import PERMANENT
from ml_service.errors import Internal, ServiceError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

log = structlog.get_logger()

#: SQLite: no such table or column, no permission, read-only, damaged, not a database. Other errors may pass: a full disk, a locked file.
SQLITE_PERMANENT = frozenset(
    {
        sqlite3.SQLITE_ERROR,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_NOTADB,
    }
)
#: PostgreSQL's classes of SQLSTATE: unsupported feature, failed sign-in, no such database or schema, no such table or no right to it.
SQLSTATE_PERMANENT = ("0A", "28", "3D", "3F", "42")
#: PostgreSQL gives no SQLSTATE for a refused connection, so the text decides. A text in another language than English counts as an outage.
REFUSED = re.compile(
    r"authentication failed|FATAL: .* does not exist|no pg_hba\.conf entry|no password supplied|not permitted to log in|permission denied"
    r"|invalid .* value|unexpected spaces"
)
#: The last logged cause of each store whose last transaction failed, so that an outage is logged once and not for each transaction.
_causes: WeakKeyDictionary[Engine, str] = WeakKeyDictionary()


@contextmanager
def translated_errors(engine: Engine) -> Iterator[None]:
    """Raise Unavailable (STORE_UNAVAILABLE or STORE_UNUSABLE) or Internal for errors of SQLAlchemy and of the file system."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        known, cause = _translate(error), first_line(error, engine)
        known.cause = cause
        if _causes.get(engine) != cause:
            _causes[engine] = cause
            log.warning("store failed", reason=known.reason, cause=cause)
        raise known from error
    else:
        if _causes.pop(engine, None):
            log.info("store answers again")


def first_line(error: BaseException, engine: Engine) -> str:
    """Return the first line of the driver's message, without the statement and the password."""
    said = str(getattr(error, "orig", None) or error).strip() or type(error).__name__
    password = engine.url.password
    return (said.replace(str(password), "***") if password else said).splitlines()[0]


def _translate(error: SQLAlchemyError | OSError) -> ServiceError:
    if isinstance(error, IntegrityError | DataError):
        # A bug of ours: the store would reject the rows again.
        return Internal("INTERNAL", "The store rejected rows that break its constraints.")
    if isinstance(error, DBAPIError | OSError) and _is_permanent(error.orig if isinstance(error, DBAPIError) else error):
        return Unavailable("STORE_UNUSABLE", "The SQL store can't be used. Fix it, or set DATABASE_URL to another one.")
    if isinstance(error, DBAPIError | PoolTimeoutError | OSError):
        return Unavailable("STORE_UNAVAILABLE", "The SQL store can't be used now. Try again.")
    return Internal("INTERNAL", "The store can't execute a statement of this program.")


def _is_permanent(error: BaseException | None) -> bool:
    if isinstance(error, OSError):
        return error.errno in PERMANENT
    if isinstance(error, sqlite3.Error):
        # The lower byte is the primary result code, the rest extends it.
        return getattr(error, "sqlite_errorcode", 0) & 0xFF in SQLITE_PERMANENT
    sqlstate = getattr(error, "sqlstate", None)
    return str(sqlstate).startswith(SQLSTATE_PERMANENT) if sqlstate else bool(REFUSED.search(str(error)))
