"""Experiment `http`: the same small service in four frameworks, under full load and at a fixed rate."""
