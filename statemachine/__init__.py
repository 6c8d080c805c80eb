"""The state machine: its definition (`task.asl.json`), its loader, and what is computed from it."""
