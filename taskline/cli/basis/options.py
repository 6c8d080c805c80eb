"""Options that several commands have, and what a shell can complete for them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from taskline.cli.basis.exits import usage
from taskline.statuses import STATUSES

PRIORITIES = ("low", "medium", "high")
ERROR_CLASSES = ("VALIDATION", "NETWORK", "RATE_LIMIT", "SYSTEM", "UNKNOWN")
UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|s|min|m|h|d)?")


def known_types(incomplete: str) -> list[str]:
    """The task types of the laptop edition that runs nearby: what can be known without asking a stage."""
    from taskline.stages import Search, StageNotFound

    try:
        outputs = Search.here().find(stage="laptop").outputs
    except StageNotFound:
        return []
    return [name for name in sorted(outputs.get("task_types", {})) if name.startswith(incomplete)]


def _statuses(incomplete: str) -> list[str]:
    return [status for status in STATUSES if status.startswith(incomplete)]


def _classes(incomplete: str) -> list[str]:
    return [name for name in ERROR_CLASSES if name.startswith(incomplete.upper())]


TaskId = Annotated[str, typer.Argument(metavar="TASK_ID", help="The task's id.")]
Status = Annotated[
    str | None,
    typer.Option("--status", "-s", metavar="STATUS", autocompletion=_statuses,
                 help=f"{', '.join(STATUSES[:-1])} or {STATUSES[-1]}."),
]  # fmt: skip
Key = Annotated[str | None, typer.Option("--key", "-k", "--ordering-key", metavar="KEY", help="The ordering key.")]
TaskType = Annotated[
    str | None, typer.Option("--type", "-t", metavar="TYPE", help="The task type.", autocompletion=known_types)
]
ErrorClass = Annotated[
    str | None,
    typer.Option("--error-class", "-e", metavar="CLASS", help="VALIDATION, NETWORK, RATE_LIMIT, SYSTEM or UNKNOWN.",
                 autocompletion=_classes),
]  # fmt: skip
AllClients = Annotated[
    bool, typer.Option("--all-clients", help="As an operator: the tasks of every client, not only your own.")
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Timeout = Annotated[str, typer.Option("--timeout", metavar="TIME", help="Give up after this time (exit code 124).")]


def span(text: str, option: str) -> float:
    """A time such as `30`, `30s`, `5m` or `1.5h`, in seconds. `CommandFailed` if it is none."""
    found = _SPAN.fullmatch(text.strip().lower())
    if not found:
        raise usage(f"{option} {text} is not a time.", "Write it as 30s, 5m or 1h.")
    return float(found[1]) * UNITS[found[2] or "s"]


def moment(text: str | None, option: str) -> str | None:
    """A time of the day, or one so long ago (`2h`), as the API takes it. `CommandFailed` if it is neither."""
    if text is None:
        return None
    if _SPAN.fullmatch(text.strip().lower()):
        return (datetime.now(UTC) - timedelta(seconds=span(text, option))).isoformat(timespec="milliseconds")
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        remedy = "Write 2026-01-31T17:00:00Z, or how long ago: 2h."
        raise usage(f"{option} {text} is not a time.", remedy) from error
    return found.astimezone().isoformat(timespec="milliseconds")


def one_of(value: str | None, known: tuple[str, ...], option: str) -> str | None:
    """The value, if it is known. `CommandFailed` if it is not."""
    if value is not None and value not in known:
        raise usage(f"{option} {value} is not known.", f"It is one of {', '.join(known)}.")
    return value
