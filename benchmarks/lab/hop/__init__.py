"""Experiment `hop`: the cost of a call to another process, by model time, payload and concurrency."""
