"""Experiment `offload`: the latency of a cheap route beside heavy work, by the place where the work runs."""
