"""The tables of the SQL store, for SQLite and PostgreSQL. The migrations create them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import JSON, BigInteger, Column, DateTime, Float, ForeignKey, Index, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator

if TYPE_CHECKING:
    from sqlalchemy import Dialect
    from sqlalchemy.sql.compiler import SQLCompiler


class Moment(TypeDecorator[datetime]):
    """A time with its zone, stored as UTC. SQLite would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class microseconds(FunctionElement[int]):  # noqa: N801  # used like a function, and SQLAlchemy names those in lower case
    """A column of times as microseconds since 1970, like `domain.moment_of`, but NULL for NULL.

    The database computes it: parsing each time as a datetime would take half of the time of a query.
    """

    type = BigInteger()
    inherit_cache = True


@compiles(microseconds, "sqlite")
def _on_sqlite(element: microseconds, compiler: SQLCompiler, **options: Any) -> str:
    # SQLite has no type for times: SQLAlchemy writes the text "2026-03-01 18:00:00.000000", in UTC.
    text = compiler.process(element.clauses, **options)
    return f"(strftime('%s', substr({text}, 1, 19)) * 1000000 + substr({text}, 21, 6))"


@compiles(microseconds, "postgresql")
def _on_postgresql(element: microseconds, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST(extract(epoch FROM {compiler.process(element.clauses, **options)}) * 1000000 AS bigint)"


metadata = MetaData()

#: SQLite generates row ids only in a column of the type INTEGER.
RowId = BigInteger().with_variant(Integer, "sqlite")

items = Table(
    "items",
    metadata,
    Column("item_id", Text, primary_key=True),
    Column("title", Text, nullable=False),
    Column("year", Integer),
    Column("genres", JSON, nullable=False),
)

# Every accepted interaction. Of the rows of a user and an item, the one with the latest time counts; of equal times, the highest row_id.
# Rows are written in the log's order, but an import may add older ones. A row without a time counts as older than all others.
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

# Messages of the log that can't be used. `user_id` is NULL if the body doesn't show the user.
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

# Erased users, with the log offset of the erasure: no entry before it is restored. -1: the erasure was in an earlier log.
erased_users = Table(
    "erased_users",
    metadata,
    Column("user_id", Text, primary_key=True),
    Column("log_offset", BigInteger, nullable=False),
    Column("erased_at", Moment),
    Index("ix_erased_users_log_offset", "log_offset"),
)

# The last projected offset of a stream, and the id of the message there. Written in the same transaction as the rows.
log_positions = Table(
    "log_positions",
    metadata,
    Column("stream", Text, primary_key=True),
    Column("log_offset", BigInteger, nullable=False),
    Column("message_id", Text, nullable=False),
)

# One row: the model version that serves. `revision` counts the changes, for compare-and-set.
live_model = Table(
    "live_model",
    metadata,
    Column("slot", Integer, primary_key=True),
    Column("version", Text, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("updated_at", Moment, nullable=False),
)

# One row: how many imports have changed the data, and when an import replaced it. Events that the log got earlier don't count any more.
data_state = Table(
    "data_state",
    metadata,
    Column("slot", Integer, primary_key=True),
    Column("imports", Integer, nullable=False),
    Column("replaced_at", Moment),
)

# The job ledger. `attempt` is a fencing token: only the attempt that claimed the job last may write an outcome.
# `spent_attempts` counts the attempts that use up retries: not those that a stopping worker handed back, and none from before a replay.
# `model_version` is the name under which every attempt of a training writes its version.
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
