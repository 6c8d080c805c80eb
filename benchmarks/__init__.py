"""Measurements: ratios and medians, never assertions. Run a module with `python -m benchmarks.<name>`."""
