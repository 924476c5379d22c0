"""Images, the engine that builds and runs them, and the stack in containers. Needs Python's standard library only."""
