"""What Taskline adds to MiniStack inside its process: standard library only, so that it starts fast."""
