"""Makes load, and measures how a stage takes it."""
