"""The one kind of error that the laptop edition shows on the terminal."""

from __future__ import annotations


class LaptopError(Exception):
    """What went wrong and what to do about it; printed without a traceback.

    `way_out` is an instruction ("Run `make run`", "Set TASKLINE_PORT=4001"), not a second description of the problem.
    """

    def __init__(self, problem: str, way_out: str) -> None:
        super().__init__(f"{problem}\n  What to do: {way_out}")
        self.problem = problem
        self.way_out = way_out
