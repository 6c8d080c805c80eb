"""The name that `asl` is also known by on the command line: `python -m local.express`."""
