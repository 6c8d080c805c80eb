"""What the documents quote still runs: their commands, their links, their paths."""
