"""What was measured of the shipped parts: the writes of a task, its log lines, and what follows the table's stream."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Item = Mapping[str, Any]
Change = tuple[Item | None, Item]
"""A write to the task table: the item before, None for a new one, and after."""


@dataclass(frozen=True, kw_only=True)
class Followed:
    """What one reader of the table's stream did for `tasks` tasks. `calls` are its requests to AWS."""

    tasks: float
    invocations: float
    calls: float = 0.0
    line_bytes: float = 0.0
    publications: float = 0.0
    write_units: float = 0.0
    read_units: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Measured:
    """One task that succeeds, through the shipped parts with the settings of a stage.

    Bytes are those of lines as CloudWatch gets them: `line_bytes` of a function by its service, per invocation;
    `execution_line_bytes` of the state machine. Of its `table_calls`, `table_reads` only read.
    `metrics` are the custom metrics that were written.
    """

    changes: tuple[Change, ...]
    message_bytes: int
    input_bytes: int
    table_calls: int
    table_reads: int
    line_bytes: Mapping[str, float]
    execution_line_bytes: int
    followers: Mapping[str, Followed]
    metrics: frozenset[tuple[str, ...]]
