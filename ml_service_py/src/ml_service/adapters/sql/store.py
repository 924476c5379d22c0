"""The queries of the SQL store: catalogue, interactions, and the live model version."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Engine, func, literal, select, true, tuple_, update

from ml_service.adapters.sql.database import beginning_to_write, connected_for_long, insert_new, reading, writing
from ml_service.adapters.sql.erasures import erased_offsets
from ml_service.adapters.sql.imported_rows import load_temporary
from ml_service.adapters.sql.importing import read_state, to_item, write_import
from ml_service.adapters.sql.interaction_log import STREAM
from ml_service.adapters.sql.tables import Moment, interactions, items, live_model, log_positions, microseconds
from ml_service.domain import NO_MOMENT, Interaction, LogPosition, take_moment
from ml_service.model.sizes import Sizes
from ml_service.ports.storage import ImportMode, LiveVersion, StoredHistories, StoredPage

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Row

    from ml_service.domain import DataState, Item
    from ml_service.model.ratings import Ratings
    from ml_service.ports.storage import ImportedRows, PagePosition

LIVE_SLOT = 1
#: Rows that are fetched at once. A driver may otherwise hold all rows of a query in memory.
ROWS_AT_ONCE = 10_000


#: User, item, rating and moment of every interaction, in the order in which they were written.
_RATINGS = select(
    interactions.c.user_id,
    interactions.c.item_id,
    interactions.c.rating,
    func.coalesce(microseconds(interactions.c.occurred_at), NO_MOMENT),
).order_by(interactions.c.row_id)

#: Interactions without a time count as older than all others.
NO_TIME = datetime(1, 1, 1, tzinfo=UTC)


class SqlStore:
    """The port `Store` on SQLAlchemy. All methods raise Unavailable (STORE_UNAVAILABLE) while the database doesn't answer.

    May be called from any thread.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def load_catalogue(self) -> tuple[Item, ...]:
        with reading(self.engine) as connection:
            return tuple(to_item(row) for row in connection.execute(select(items)))

    def load_histories(self, recent: int) -> StoredHistories:
        """Read rows and position in one transaction, so that a log reader can continue exactly after the rows."""
        histories: dict[str, tuple[dict[str, float | None], array[int]]] = {}
        last = select(interactions.c.interaction_id, interactions.c.user_id).order_by(interactions.c.row_id.desc()).limit(recent)
        with reading(self.engine) as connection:
            # Ids and ratings repeat. As one object each, ten million interactions take 0.8 GB less.
            item_ids: dict[str, str] = {}
            known_ratings: dict[float | None, float | None] = {}
            for user_id, item_id, rating, moment in connection.execute(_RATINGS):
                history = histories.get(user_id)
                if history is None:
                    history = histories[user_id] = ({}, array("q"))
                if take_moment(*history, item_id, moment):
                    history[0][item_ids.setdefault(item_id, item_id)] = known_ratings.setdefault(rating, rating)
            recent_ids = {row.interaction_id: row.user_id for row in reversed(connection.execute(last).all())}
            position, erased, state = _read_position(connection), erased_offsets(connection), read_state(connection)
        ratings = {user_id: rated for user_id, (rated, _) in histories.items()}
        moments = {user_id: given for user_id, (_, given) in histories.items()}
        return StoredHistories(ratings, moments, position, recent_ids, erased, state)

    def load_ratings(self) -> Ratings:
        """Return the latest rating of each pair of user and item, in the order in which they were written."""
        # Imported late: the worker's main process uses the store, but shouldn't load NumPy.
        from ml_service.model.ratings import latest_ratings_of  # noqa: PLC0415

        with reading(self.engine) as connection:
            return latest_ratings_of(connection.execution_options(yield_per=ROWS_AT_ONCE).execute(_RATINGS))

    def list_interactions(self, user_id: str, limit: int, after: PagePosition | None) -> StoredPage:
        """Return one page, newest first. Of interactions with equal times, the one written last comes first."""
        moment = func.coalesce(interactions.c.occurred_at, literal(NO_TIME, Moment), type_=Moment)
        place = tuple_(moment, interactions.c.row_id)
        query = (
            select(interactions, items, moment.label("moment"))
            .join(items, interactions.c.item_id == items.c.item_id)
            .where(interactions.c.user_id == user_id)
            .where(true() if after is None else place < tuple_(literal(after[0], Moment), literal(after[1])))
            .order_by(moment.desc(), interactions.c.row_id.desc())
            .limit(limit + 1)
        )
        with reading(self.engine) as connection:
            rows = connection.execute(query).all()
            position = _read_position(connection)
        shown = rows[:limit]
        return StoredPage(
            rows=tuple((_interaction(row), to_item(row)) for row in shown),
            next_position=(shown[-1].moment, shown[-1].row_id) if len(rows) > limit else None,
            as_of_offset=position.offset if position else None,
        )

    def count_interactions(self) -> int:
        with reading(self.engine) as connection:
            return connection.scalar(select(func.count()).select_from(interactions)) or 0

    def count_sizes(self) -> Sizes:
        users, rated = (func.count(column.distinct()) for column in (interactions.c.user_id, interactions.c.item_id))
        # PostgreSQL sends nothing while it counts: 3 s for two million interactions.
        with connected_for_long(self.engine) as connection, connection.begin():
            return Sizes(*connection.execute(select(users, rated, func.count()).select_from(interactions)).one())

    def import_data(
        self, new_items: Sequence[Item], new_interactions: Iterable[Interaction], mode: ImportMode = ImportMode.ADD
    ) -> ImportedRows:
        """Write all or nothing. A known item gets the new title, year and genres; a known interaction stays as it is.

        Interactions of erased users are left out. Raises ImportRefused.
        """
        with connected_for_long(self.engine) as connection:
            # Read in a transaction of its own, as the second one blocks other writers.
            with connection.begin():
                given = load_temporary(connection, new_interactions)
            with beginning_to_write(connection):
                return write_import(connection, new_items, given, mode)

    def read_data_state(self) -> DataState:
        with reading(self.engine) as connection:
            return read_state(connection)

    def read_live(self) -> LiveVersion | None:
        query = select(live_model.c.version, live_model.c.revision).where(live_model.c.slot == LIVE_SLOT)
        with reading(self.engine) as connection:
            row = connection.execute(query).one_or_none()
        return LiveVersion(row.version, row.revision) if row else None

    def compare_and_set_live(self, expected: LiveVersion | None, version: str) -> bool:
        """Make the version live, unless another went live since `expected` was read. Return whether it did."""
        with writing(self.engine) as connection:
            return set_live(connection, expected, version)


def set_live(connection: Connection, expected: LiveVersion | None, version: str) -> bool:
    """Make the version live inside the given transaction, as `compare_and_set_live`."""
    now = datetime.now(UTC)
    if expected is None:
        row = {"slot": LIVE_SLOT, "version": version, "revision": 1, "updated_at": now}
        return insert_new(connection, live_model, [row], "slot") == 1
    change = update(live_model).where(live_model.c.slot == LIVE_SLOT, live_model.c.revision == expected.revision)
    return connection.execute(change.values(version=version, revision=expected.revision + 1, updated_at=now)).rowcount == 1


def _read_position(connection: Connection) -> LogPosition | None:
    query = select(log_positions.c.log_offset, log_positions.c.message_id).where(log_positions.c.stream == STREAM)
    row = connection.execute(query).one_or_none()
    return LogPosition(row.log_offset, row.message_id) if row else None


def _interaction(row: Row[tuple[object, ...]]) -> Interaction:
    return Interaction(row.interaction_id, row.user_id, row.item_id, row.rating, row.occurred_at)
