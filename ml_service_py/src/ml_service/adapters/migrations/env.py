"""How Alembic runs the migrations: in the transaction that `database.migrate` opened."""

from alembic import context

from ml_service.adapters.tables import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name == "postgresql":
    # Two processes that migrate at once: the second waits here, however long, then finds nothing to do. SQLite's write lock does the same.
    connection.exec_driver_sql("SET LOCAL lock_timeout = 0")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(20241122)")
    connection.exec_driver_sql("SET LOCAL lock_timeout TO DEFAULT")
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
context.run_migrations()
