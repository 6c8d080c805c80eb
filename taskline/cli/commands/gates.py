"""`gates`: which keys are closed, and the switch of each."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from taskline.cli.basis import options
from taskline.cli.basis.exits import usage
from taskline.cli.render.output import Column
from taskline.cli.render.words import age, roughly
from taskline.cli.running.command import command
from taskline.cli.running.session import Session

MEANING = {
    "failed": "its head has failed, and has to succeed or to be skipped",
    "held": "an operator has closed it",
    "running": "its head takes long",
    "draining": "parked tasks run, one after another",
}
TABLE = (
    Column(title="Key", wide=True),
    Column(title="Client"),
    Column(title="Cause"),
    Column(title="Head"),
    Column(title="Parked", right=True),
    Column(title="Closed for", right=True),
)
Key = Annotated[str, typer.Argument(metavar="KEY", help="The ordering key.")]
Tenant = Annotated[
    str | None, typer.Option("--tenant", metavar="CLIENT", help="Whose key it is, as a task's `tenant` names it.")
]
Reason = Annotated[str, typer.Option("--reason", "-r", metavar="TEXT", help="Why; everyone who looks sees it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="See which keys are closed, and close and open them.")
    command(group, "list", example="taskline gates list", lines=True, table=True)(list_gates)
    command(group, "show", example="taskline gates show customer-42 --json")(show)
    command(group, "close", example="taskline gates close customer-42 --reason 'being migrated'")(close)
    command(
        group,
        "open",
        example="""
            taskline gates open customer-42 --reason 'it is migrated'
            taskline gates open customer-42 --reason 'booked by hand' --skip 01a3185c-5000-7206-a7e3-5594aa6b5d0a
        """,
    )(open_gate)
    app.add_typer(group, name="gates")


def list_gates(
    session: Session,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Show so many keys at most.")] = 100,
) -> None:
    """List the closed keys of all clients, the longest closed first."""
    output = session.output
    found = list(itertools.islice(session.api.closed_keys(), limit))
    if output.streams:
        for key in found:
            output.line(key)
    elif not output.is_text:
        output.document({"keys": found})
    else:
        output.table(TABLE, [_row(key, terminal=output.is_terminal) for key in found], empty="Every key is open.")


def show(session: Session, key: Key, tenant: Tenant = None) -> None:
    """Show whether a key is open, or why and since when it is closed, and how many tasks are parked."""
    _show(session, session.api.key(key, tenant))


def close(session: Session, key: Key, reason: Reason, tenant: Tenant = None) -> None:
    """Close a key: its tasks are parked, in order, until it is opened. What is being processed goes on."""
    _show(session, session.api.close_key(key, reason, tenant))
    session.output.note(f"Open it again: taskline gates open {key} --reason ...")


def open_gate(
    session: Session,
    key: Key,
    reason: Reason,
    skip: Annotated[
        str | None,
        typer.Option("--skip", metavar="TASK_ID", help="The failed task that is not to hold up the others."),
    ] = None,
    tenant: Tenant = None,
    yes: options.Yes = False,
) -> None:
    """Open a key: parked tasks run one by one, before newer ones. A failed task that keeps it closed is skipped."""
    found = session.api.key(key, tenant)
    if found.get("cause") == "failed" and skip is None and not yes:
        _confirm(session, found)
    _show(session, session.api.open_key(key, reason, skip or found.get("head"), tenant))


def _confirm(session: Session, found: Mapping[str, Any]) -> None:
    head = found["head"]
    if not session.output.can_ask:
        raise usage(
            f"The task {head} has failed and would be skipped, and nobody can be asked.",
            f"Redrive it (taskline redrive {head}), or add --skip {head}.",
        )
    typer.confirm(f"Skip the task {head}, which has failed?", abort=True, err=True)


def _row(key: Mapping[str, Any], *, terminal: bool) -> list[str]:
    since = key["since"]
    shown = roughly(age(since)) if terminal else since
    return [key["key"], key.get("tenant", ""), key["cause"], key.get("head", ""), f"{key['parked']}", shown]


def _show(session: Session, key: Mapping[str, Any]) -> None:
    from taskline.cli.render.tasks import when

    output = session.output
    if not output.is_text:
        output.document(key)
        return
    values = {
        "key": key["key"],
        "client": key.get("tenant", ""),
        "state": key["state"],
        "cause": key.get("cause", ""),
        "meaning": MEANING.get(key.get("cause", ""), "tasks run"),
        "head": key.get("head", ""),
        "parked": f"{key['parked']}" if "parked" in key else "",
        "closed since": when(output, key.get("since")),
        "reason": key.get("reason", ""),
    }
    output.fields({name: value for name, value in values.items() if value})
