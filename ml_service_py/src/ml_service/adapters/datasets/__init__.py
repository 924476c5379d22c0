"""Readers of data sets: a user's CSV files, and MovieLens 100K."""
