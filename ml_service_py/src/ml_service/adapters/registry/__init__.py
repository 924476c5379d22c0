"""Model versions and results of jobs, as files: each version is complete once its manifest stands."""
