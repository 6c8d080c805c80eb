"""The machine that the laptop edition runs on: its environment, its processes and its files."""
