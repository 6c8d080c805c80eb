"""`get`, `list` and `cancel`."""

from __future__ import annotations

import itertools
from typing import Annotated, Any

import typer

from taskline.cli.basis import options
from taskline.cli.running.command import command
from taskline.cli.running.session import Session
from taskline.statuses import STATUSES


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "get", example="taskline get 019aa8f0-5d3b-7c41-9a51-0c6f0c8a2f11")(get)
    command(
        app,
        "list",
        example="""
            taskline list --status failed --key customer-42
            taskline list --all --jsonl
        """,
        lines=True,
        table=True,
    )(list_tasks)
    command(app, "cancel", example="taskline cancel 019aa8f0-5d3b-7c41-9a51-0c6f0c8a2f11")(cancel)


def get(session: Session, task_id: options.TaskId, all_clients: options.AllClients = False) -> None:
    """Show a task: its status, data, result or error, and its whole history."""
    from taskline.cli.render.tasks import task_in_full

    task = session.api.get(task_id, operator=all_clients)
    output = session.output
    if output.is_text:
        task_in_full(output, task)
    else:
        output.document(task)


def list_tasks(
    session: Session,
    status: options.Status = None,
    key: options.Key = None,
    task_type: options.TaskType = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most so many tasks.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="Every task, however many there are.")] = False,
    all_clients: options.AllClients = False,
    tenant: Annotated[
        str | None, typer.Option("--tenant", metavar="CLIENT", help="As an operator: this client's tasks.")
    ] = None,
) -> None:
    """List tasks, newest first.

    A table on a terminal; in a pipe tab-separated, with every field. --json is one array, --jsonl comes as it is read.
    """
    from taskline.cli.render.tasks import task_table

    options.one_of(status, STATUSES, "--status")
    found = session.api.tasks(status=status, ordering_key=key, tenant=tenant, operator=all_clients or bool(tenant))
    tasks = itertools.islice(
        (task for task in found if task_type in (None, task["type"])), None if everything else limit
    )
    output = session.output
    if output.is_text:
        task_table(output, tasks, empty=_none(status, key, task_type))
    elif output.streams:
        for task in tasks:
            output.line(task)
    else:
        output.document(list(tasks))


def cancel(session: Session, task_id: options.TaskId, all_clients: options.AllClients = False) -> None:
    """Cancel a task that is queued or parked, or ask one that takes long to stop. Exit code 3 for any other.

    A task that runs and is not of a type that takes long cannot be cancelled, nor can one that has ended.
    """
    task: dict[str, Any] = session.api.cancel(task_id, operator=all_clients)
    if session.output.is_text:
        asked = ", and was asked to stop" if task.get("cancel_requested_at") and task["status"] == "processing" else ""
        session.output.text(f"{task_id} is {task['status']}{asked}.")
    else:
        session.output.document(task)


def _none(*filters: str | None) -> str:
    if any(filters):
        return "No task matches. Leave a filter out, or see all with `taskline list`."
    return "There are no tasks yet. Submit one: taskline submit 'Say hello' --type demo.echo"
