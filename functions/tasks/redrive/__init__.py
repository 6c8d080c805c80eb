"""Redrive: failed tasks return to the queue, in their original order within each ordering key.

The record decides, dead letters follow: tasks to redrive are found in the table, and a dead letter is removed because
of its task's record, never the other way round. See `docs/decisions/0011-redrive-by-the-record.md`.
"""
