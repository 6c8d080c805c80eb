"""`keys`: which keys have work, and who waits behind whom."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from typing import Annotated, Any

import typer

from taskline.cli.basis import options
from taskline.cli.render.output import Column
from taskline.cli.render.words import age, count, roughly
from taskline.cli.running.command import command
from taskline.cli.running.session import Session
from taskline.statuses import OPEN

LANE = (
    Column(title="Key", wide=True),
    Column(title="Running"),
    Column(title="Waiting", right=True),
    Column(title="Head"),
    Column(title="Head age", right=True),
)


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "keys",
        example="""
            taskline keys
            taskline keys customer-42
        """,
        lines=True,
        table=True,
    )(keys)


def keys(
    session: Session,
    key: Annotated[str | None, typer.Argument(metavar="[KEY]", help="The tasks of this key, as they wait.")] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="Look at so many tasks of each open status at most.")
    ] = 1000,
    all_clients: options.AllClients = False,
) -> None:
    """Show the ordering keys that have work: what runs, how many wait, and how long the first of them does.

    With a KEY, its open tasks in the order in which they run.
    """
    found: list[Mapping[str, Any]] = []
    whole = True
    for status in OPEN:
        tasks = session.api.tasks(status=status, ordering_key=key, operator=all_clients, page=min(limit, 100))
        part = list(itertools.islice(tasks, limit + 1))
        whole = whole and len(part) <= limit
        found += part[:limit]
    if key is None:
        _show_keys(session, lanes(found), whole)
    else:
        _show_lane(session, sorted(found, key=lambda task: (task["status"] != "processing", task["created_at"])))
    if not whole:
        session.output.note(f"The newest {count(limit, 'task')} of each status were looked at; see more with --limit.")


def lanes(tasks: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The keys with open tasks, the longest wait first. The head is the task that runs, or else runs next."""
    by_key: dict[str, list[Mapping[str, Any]]] = {}
    for task in tasks:
        by_key.setdefault(task["ordering_key"], []).append(task)
    found: list[dict[str, Any]] = []
    for key, own in by_key.items():
        running = [task for task in own if task["status"] == "processing"]
        waiting = sorted((task for task in own if task["status"] != "processing"), key=lambda task: task["created_at"])
        head = (running or waiting)[0]
        found.append(
            {
                "ordering_key": key,
                "running": running[0]["task_id"] if running else None,
                "waiting": len(waiting),
                "head": head["task_id"],
                "head_created_at": head["created_at"],
            }
        )
    return sorted(found, key=lambda lane: lane["head_created_at"])


def _show_keys(session: Session, found: list[dict[str, Any]], whole: bool) -> None:
    output = session.output
    if output.streams:
        for lane in found:
            output.line(lane)
    elif not output.is_text:
        output.document({"keys": found, "complete": whole})
    else:
        output.table(LANE, [_row(lane, terminal=output.is_terminal) for lane in found], empty="No key has work.")


def _row(lane: Mapping[str, Any], *, terminal: bool) -> list[str]:
    since = lane["head_created_at"]
    shown = roughly(age(since)) if terminal else since
    return [lane["ordering_key"], lane["running"] or "", f"{lane['waiting']}", lane["head"], shown]


def _show_lane(session: Session, tasks: list[Mapping[str, Any]]) -> None:
    from taskline.cli.render.tasks import task_table

    output = session.output
    if output.streams:
        for task in tasks:
            output.line(task)
    elif not output.is_text:
        output.document(tasks)
    else:
        task_table(output, tasks, empty="This key has no open task.")
