"""The consumer of jobs: it runs each job in a process of its own and settles its message."""
