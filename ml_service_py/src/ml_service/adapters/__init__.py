"""What is outside the process, each behind one module: broker, SQL store, registry, data files."""
