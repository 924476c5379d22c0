"""The benchmarks' scenarios, one module for each path through the stack."""
