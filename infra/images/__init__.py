"""The images of the services, and the stack in containers, for any machine with an engine. Needs Python's standard library only."""
