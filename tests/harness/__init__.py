"""Drives the stack for the system tests: starts its processes, and has a driver for each interface."""
