"""The command line `taskline`."""
