"""Clients that write while parts of the stack fail, a ledger of what they were told, and the checker that holds the stack to it."""
