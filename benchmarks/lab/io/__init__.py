"""Experiment `io`: the same tasks, which wait for another service, with asyncio, threads and Node."""
