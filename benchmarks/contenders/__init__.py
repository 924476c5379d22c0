"""The stack's contenders: limits of the machine, and common alternatives, written as their libraries' documentation shows."""
