"""The SQL store: tables, queries, transactions and migrations, for SQLite and PostgreSQL."""
