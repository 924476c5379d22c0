"""The life of a job, its expiry, and what each kind of job does."""
