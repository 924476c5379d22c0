"""Adds the erased users, and the users of rejected messages."""

import sqlalchemy as sa
from alembic import op

from ml_service.adapters.broker.interaction_messages import find_user

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

REJECTED = sa.table("rejected_interactions", sa.column("row_id"), sa.column("body"), sa.column("user_id"))


def upgrade() -> None:
    op.create_table(
        "erased_users",
        sa.Column("user_id", sa.Text, primary_key=True),
        sa.Column("log_offset", sa.BigInteger, nullable=False),
        sa.Column("erased_at", sa.DateTime(timezone=True)),
    )
    op.create_index("ix_erased_users_log_offset", "erased_users", ["log_offset"])
    op.add_column("rejected_interactions", sa.Column("user_id", sa.Text))
    op.create_index("ix_rejected_interactions_user_id", "rejected_interactions", ["user_id"])
    _find_users()


def _find_users() -> None:
    connection = op.get_bind()
    for row in connection.execute(sa.select(REJECTED.c.row_id, REJECTED.c.body)).all():
        change = sa.update(REJECTED).where(REJECTED.c.row_id == row.row_id)
        connection.execute(change.values(user_id=find_user(row.body)))


def downgrade() -> None:
    op.drop_index("ix_rejected_interactions_user_id", "rejected_interactions")
    op.drop_column("rejected_interactions", "user_id")
    op.drop_table("erased_users")
