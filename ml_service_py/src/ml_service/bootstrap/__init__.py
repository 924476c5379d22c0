"""The composition roots, side by side: recommender and worker. `job_runner` is that of the worker's job process."""
