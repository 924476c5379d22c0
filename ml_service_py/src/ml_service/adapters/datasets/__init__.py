"""Data sets as CSV files, and MovieLens 100K."""
