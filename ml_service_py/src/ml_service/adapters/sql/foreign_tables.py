"""Checks before the first migration whether a database has tables of another program, so that none is taken over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import column, inspect, select, table

from ml_service.adapters.sql.tables import metadata
from ml_service.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy import Connection

#: Alembic's table with one row: the revision.
VERSION_TABLE = "alembic_version"
#: How many tables an error names.
NAMED = 5


def read_revision(connection: Connection) -> str | None:
    """Return the revision of the tables; None if no migration has run."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    return connection.scalar(select(column("version_num")).select_from(table(VERSION_TABLE)))


def refuse_foreign_tables(connection: Connection, revisions: Collection[str], *, allowed: bool) -> None:
    """Raise Unavailable (STORE_UNUSABLE) for a database of another program, or of a newer version of this program.

    With `allowed`, tables of other programs are accepted, except tables with one of our names.
    """
    revision = read_revision(connection)
    if revision in revisions:
        return
    if revision is not None:
        detail = f"The database has tables of the revision {revision}, which this version of the program doesn't know."
        raise Unavailable("STORE_UNUSABLE", f"{detail} Install the newer program, or name another database by DATABASE_URL.")
    names = sorted(set(inspect(connection).get_table_names()) - {VERSION_TABLE})
    ours = [name for name in names if name in metadata.tables]
    if ours or (names and not allowed):
        raise Unavailable("STORE_UNUSABLE", _refusal(ours or names, is_taken=bool(ours)))


def _refusal(names: list[str], *, is_taken: bool) -> str:
    shown = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    what = f"The database has tables of another program: {shown}. Set DATABASE_URL to an empty database"
    return f"{what}: these names are taken." if is_taken else f"{what}, or migrate with --beside-other-tables."
