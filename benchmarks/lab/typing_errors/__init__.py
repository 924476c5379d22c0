"""Experiment `typing_errors`: five bugs, found by the type checker, at run time, or not at all."""
