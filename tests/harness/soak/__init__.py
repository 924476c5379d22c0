"""Clients that write while parts of the stack fail, a ledger of their requests and answers, and a checker of the stack."""
