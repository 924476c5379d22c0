"""The stack as processes of this machine, without containers. Needs Python's standard library only: it installs the rest."""
