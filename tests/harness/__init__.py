"""What the system tests drive the stack with: processes, and a driver for each way in."""
