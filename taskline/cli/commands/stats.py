"""`stats`: how many tasks there are, and how many there were lately."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from taskline.cli.basis import options
from taskline.cli.render.output import Column
from taskline.cli.running.command import command
from taskline.cli.running.session import Session
from taskline.statuses import STATUSES

PERIODS = ("last_minute", "last_hour", "last_day")
CHANGES = ("accepted", "succeeded", "failed", "cancelled")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "stats",
        example="""
            taskline stats
            taskline stats --key customer-42 --json
        """,
        table=True,
    )(stats)


def stats(
    session: Session,
    key: options.Key = None,
    batch: Annotated[str | None, typer.Option("--batch", metavar="ID", help="The progress of a batch.")] = None,
    all_clients: options.AllClients = False,
) -> None:
    """Count tasks by status and type, and what happened in the last minute, hour and day.

    The stage keeps the counts: this costs nothing, however many tasks there are.
    """
    found = session.api.stats(ordering_key=key, batch_id=batch, operator=all_clients)
    output = session.output
    if not output.is_text:
        output.document(found)
        return
    by_type: Mapping[str, Any] = found.get("by_type") or {}
    rows = [_row("all", found.get("by_status") or {}, STATUSES)]
    rows += [_row(name, counts, STATUSES) for name, counts in sorted(by_type.items())]
    output.table(_columns("Type", STATUSES), rows)
    periods = [_row(name.replace("_", " "), found[name], CHANGES) for name in PERIODS if name in found]
    if periods and output.is_terminal:
        output.table(_columns("Period", CHANGES), periods)
    if found.get("as_of"):
        from taskline.cli.render.tasks import when

        output.note(f"As of {when(output, found['as_of'])}.", "dim")


def _columns(first: str, names: tuple[str, ...]) -> list[Column]:
    return [Column(title=first), *(Column(title=name.capitalize(), right=True) for name in names)]


def _row(name: str, counts: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    return [name, *(str(counts.get(one, 0)) for one in names)]
