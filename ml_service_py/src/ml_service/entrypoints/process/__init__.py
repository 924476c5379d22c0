"""The life of a process: signals, readiness, threads and logs."""
