"""The Python half of Why Not Both: a recommender behind gRPC, and a worker for jobs and the event log."""
