"""Adds which attempts of a job count, and the name of its model version."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("spent_attempts", sa.Integer, nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("model_version", sa.Text))
    op.execute("UPDATE jobs SET spent_attempts = attempt")


def downgrade() -> None:
    op.drop_column("jobs", "model_version")
    op.drop_column("jobs", "spent_attempts")
