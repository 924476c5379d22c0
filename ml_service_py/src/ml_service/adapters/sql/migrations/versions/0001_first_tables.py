"""Creates the first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROW_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_data()
    _create_log()
    _create_operations()


def _create_data() -> None:
    op.create_table(
        "items",
        sa.Column("item_id", sa.Text, primary_key=True),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("year", sa.Integer),
        sa.Column("genres", sa.JSON, nullable=False),
    )
    op.create_table(
        "interactions",
        sa.Column("row_id", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("interaction_id", sa.Text, nullable=False, unique=True),
        sa.Column("user_id", sa.Text, nullable=False),
        sa.Column("item_id", sa.Text, sa.ForeignKey("items.item_id"), nullable=False),
        sa.Column("rating", sa.Float),
        sa.Column("occurred_at", MOMENT),
    )
    op.create_index("ix_interactions_user_id_row_id", "interactions", ["user_id", "row_id"])


def _create_log() -> None:
    op.create_table(
        "rejected_interactions",
        sa.Column("row_id", ROW_ID, primary_key=True, autoincrement=True),
        sa.Column("log_offset", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("rejected_at", MOMENT, nullable=False),
    )
    op.create_table(
        "log_positions",
        sa.Column("stream", sa.Text, primary_key=True),
        sa.Column("log_offset", sa.BigInteger, nullable=False),
        sa.Column("message_id", sa.Text, nullable=False),
    )


def _create_operations() -> None:
    op.create_table(
        "live_model",
        sa.Column("slot", sa.Integer, primary_key=True),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("updated_at", MOMENT, nullable=False),
    )
    op.create_table(
        "jobs",
        sa.Column("job_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("worker", sa.Text, nullable=False),
        sa.Column("outcome", sa.JSON),
        sa.Column("error", sa.JSON),
        sa.Column("updated_at", MOMENT, nullable=False),
    )
    op.create_index("ix_jobs_updated_at", "jobs", ["updated_at"])


def downgrade() -> None:
    for table in ("jobs", "live_model", "log_positions", "rejected_interactions", "interactions", "items"):
        op.drop_table(table)
