"""Runs of tasks: of a function within one execution, or of those that take longer, with their progress and workers.

See `docs/decisions/0047-tasks-that-take-long-are-handed-over.md`.
"""
