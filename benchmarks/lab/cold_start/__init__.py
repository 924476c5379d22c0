"""Experiment `cold_start`: from the start of a process to its first answer, and the cost of each import."""
