"""What is measured, a module for each path through the stack."""
