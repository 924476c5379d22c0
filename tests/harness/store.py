"""Reads the SQL store directly, without any service, to see what it really holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class StoreDriver:
    def __init__(self, file: Path) -> None:
        self._file = file

    def count_interactions(self, interaction_id: str) -> int:
        rows = self._rows("SELECT count(*) FROM interactions WHERE interaction_id = ?", interaction_id)
        return int(str(rows[0][0]))

    def interaction_ids(self, users: str) -> list[str]:
        """Return the ids of the interactions of all users whose ids match the SQL pattern."""
        return [str(row[0]) for row in self._rows("SELECT interaction_id FROM interactions WHERE user_id LIKE ?", users)]

    def count_rows(self, user_id: str) -> int:
        """Count the user's interactions, accepted and rejected."""
        tables = ("interactions", "rejected_interactions")
        return sum(int(str(self._rows(f"SELECT count(*) FROM {table} WHERE user_id = ?", user_id)[0][0])) for table in tables)  # noqa: S608

    def forget_position(self) -> None:
        """Delete the stored position, as if no projector had ever read the log."""
        with closing(sqlite3.connect(self._file, timeout=5)) as connection, connection:
            connection.execute("DELETE FROM log_positions")

    def rejection(self, message_id: str) -> str | None:
        """Return the reason why the projector rejected a message of the log, None if it didn't."""
        rows = self._rows("SELECT reason FROM rejected_interactions WHERE message_id = ?", message_id)
        assert len(rows) < 2, f"rejected {len(rows)} times"
        return str(rows[0][0]) if rows else None

    def projected_offset(self) -> int | None:
        rows = self._rows("SELECT log_offset FROM log_positions WHERE stream = 'interactions'")
        return int(str(rows[0][0])) if rows else None

    def job(self, job_id: str) -> tuple[str, int] | None:
        """Return the state and attempt in the job's row, None if there is no row."""
        rows = self._rows("SELECT state, attempt FROM jobs WHERE job_id = ?", job_id)
        return (str(rows[0][0]), int(str(rows[0][1]))) if rows else None

    def _rows(self, sql: str, *values: str) -> list[tuple[object, ...]]:
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True, timeout=5)) as connection:
            return connection.execute(sql, values).fetchall()
