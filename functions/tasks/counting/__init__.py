"""Counts of tasks: what each record contributes to them, and how they are kept exact and read."""
