"""The tables of the SQL store, for SQLite and PostgreSQL. The migrations create them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import JSON, BigInteger, Column, DateTime, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy import Dialect


class Moment(TypeDecorator[datetime]):
    """A time with its zone, kept as UTC: SQLite drops the zone of what it is given."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


metadata = MetaData()

#: SQLite numbers rows by itself only in a column of the type INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

items = Table(
    "items",
    metadata,
    Column("item_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("year", Integer),
    Column("genres", JSON, nullable=False),
)

# Every interaction that ever counted. The latest of a pair is the one with the latest time, of equal times the one with the highest row_id:
# rows are written in the log's order, but an import may bring older ones. A row without a time is older than all others.
interactions = Table(
    "interactions",
    metadata,
    Column("row_id", RowId, primary_key=True, autoincrement=True),
    Column("interaction_id", Text, nullable=False, unique=True),
    Column("user_id", Text, nullable=False),
    Column("item_id", Text, ForeignKey("items.item_id"), nullable=False),
    Column("rating", Float),
    Column("occurred_at", Moment),
    Index("ix_interactions_user_id_row_id", "user_id", "row_id"),
)

# `user_id` says whose the message is, where that can be read.
rejected_interactions = Table(
    "rejected_interactions",
    metadata,
    Column("row_id", RowId, primary_key=True, autoincrement=True),
    Column("log_offset", BigInteger, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("rejected_at", Moment, nullable=False),
    Column("user_id", Text),
    Index("ix_rejected_interactions_user_id", "user_id"),
)

# Whose history was erased, and where in the log that stands: nothing before it comes back. -1: in a log that is no more.
erased_users = Table(
    "erased_users",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("log_offset", BigInteger, nullable=False),
    Column("erased_at", Moment),
    Index("ix_erased_users_log_offset", "log_offset"),
)

# How far a stream is projected, and which message is there: written in the transaction of the rows.
log_positions = Table(
    "log_positions",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("log_offset", BigInteger, nullable=False),
    Column("message_id", Text, nullable=False),
)

# One row: which version answers. `revision` counts the changes, for compare-and-set.
live_model = Table(
    "live_model",
    metadata,
    Column("slot", Integer, primary_key=True),
    Column("version", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

# What workers know of each job. `attempt` fences: an outcome is written only by the attempt that claimed the job last.
# `spent_attempts` are those that count: none that a stopping worker handed back, none from before a replay.
# `model_version` is the name under which the job's training writes, whichever attempt gets that far.
jobs = Table(
    "jobs",
    metadata,
    Column("job_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("spent_attempts", Integer, nullable=False),
    Column("model_version", Text),
    Column("worker", Text, nullable=False),
    Column("outcome", JSON),
    Column("error", JSON),
    Column("updated_at", Moment, nullable=False),
    Index("ix_jobs_updated_at", "updated_at"),
)
