"""The path of a task: table, queue, pipe, state machine and processor."""
