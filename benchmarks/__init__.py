"""Measuring commands: `python -m benchmarks.overload`."""
