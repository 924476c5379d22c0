"""How the stack grows with users and items, and where it stops."""
