"""The embedded AWS emulator, and how the laptop edition talks to it."""
