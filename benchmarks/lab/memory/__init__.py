"""Experiment `memory`: the memory of an idle connection, on event loops and on threads."""
