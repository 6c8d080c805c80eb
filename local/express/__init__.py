"""An alias of `asl` for the command line: `python -m local.express`."""
