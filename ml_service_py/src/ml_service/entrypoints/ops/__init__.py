"""The HTTP ports for operators: probes, metrics and model versions."""
