"""Submits a file of tasks: read as a stream, in batches, in order for each key, and never a line twice."""
