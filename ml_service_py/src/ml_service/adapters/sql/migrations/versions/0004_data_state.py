"""Adds how many imports have changed the data, and when an import replaced it."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "data_state",
        sa.Column("slot", sa.Integer, primary_key=True),
        sa.Column("imports", sa.Integer, nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True)),
    )


def downgrade() -> None:
    op.drop_table("data_state")
