"""Commands that serve until Ctrl-C: the laptop edition, and the console."""
