"""Ports: what handlers need from outside the process. The adapters implement them."""
