"""Experiment `setup`: commands, seconds, packages, megabytes and lines of the same service in both languages."""
