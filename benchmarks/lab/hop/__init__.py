"""Experiment `hop`: the cost of a call to another process, by model time, payload, concurrency and way."""
