"""Redrive: failed tasks go back to the queue, in their original order within each ordering key.

The record decides, dead letters follow: what is redriven is found in the table, and a dead letter is removed because
of what its task's record says, never the other way round. See `docs/decisions/0011-redrive-by-the-record.md`.
"""
