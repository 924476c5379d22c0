"""Benchmarks of speed, growth and ranking quality: docs/how-to/run-the-benchmarks.md."""
