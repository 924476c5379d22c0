"""Experiment `http`: the same small service in several frameworks and servers, under full load and at a fixed rate."""
