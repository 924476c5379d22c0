"""Experiment `cpu`: the same computation in both languages, without a server."""
