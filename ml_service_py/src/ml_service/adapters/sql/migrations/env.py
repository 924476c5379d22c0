"""Alembic's environment: it runs the migrations in the transaction that `database.migrate` opened."""

from alembic import context

from ml_service.adapters.sql.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
