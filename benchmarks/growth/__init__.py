"""Benchmarks of growth: time and memory over the number of users and items."""
