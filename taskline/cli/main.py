"""Where the command `taskline` starts."""

from __future__ import annotations


def main() -> None:
    """Run the command that the arguments name, and exit with its code."""
    from taskline.cli.app import app

    app(prog_name="taskline")
