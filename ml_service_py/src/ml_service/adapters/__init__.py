"""Everything outside the process: the broker, the SQL store, the registry and data files. Implements the ports."""
