"""Reads what the decision tool knows: the criteria, and the figures of a lab run."""
