"""Starts the simulation as a command."""

import os
import subprocess
import sys


def start(*arguments: str) -> subprocess.Popen[str]:
    """The simulation in a process of its own, without coverage, which would slow it down."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COV")}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.simulation", *arguments], env=environment, stdout=subprocess.PIPE, text=True
    )
