"""The index of failed tasks: its name, and what it holds besides its keys `failed_key` and `sequence_number`."""

INDEX = "failed"
INDEXED = ("status", "type", "created_at", "attempts", "redrives", "error", "finished_at")
