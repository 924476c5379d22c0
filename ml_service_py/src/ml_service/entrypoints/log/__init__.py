"""The followers of the event log and of the live model version."""
