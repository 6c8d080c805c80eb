"""`breaker`: the switch that lets tasks be processed, or wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from taskline.cli.basis import options
from taskline.cli.basis.exits import usage
from taskline.cli.running.command import command
from taskline.cli.running.session import Session

MEANING = {
    "closed": "tasks are processed",
    "open": "nothing runs, tasks wait in order",
    "half_open": "tasks are processed on trial",
}
Reason = Annotated[str, typer.Option("--reason", "-r", metavar="TEXT", help="Why; everyone who looks sees it.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="See and switch the circuit breaker, which stops the processing.")
    command(group, "status", example="taskline breaker status --json")(status)
    command(group, "open", example="taskline breaker open --reason 'the bank is down' --yes")(open_breaker)
    command(group, "close", example="taskline breaker close --reason 'it is back'")(close_breaker)
    app.add_typer(group, name="breaker")


def status(session: Session) -> None:
    """Show the breaker: its state, since when, why, what comes next, and the pipe that it stops."""
    _show(session, session.api.breaker())


def open_breaker(session: Session, reason: Reason, yes: options.Yes = False) -> None:
    """Stop the processing until somebody closes the breaker: tasks wait, in order, and none is lost."""
    if not yes and not session.stage.is_laptop:
        _confirm(session)
    _show(session, session.api.set_breaker("open", reason))
    session.output.note(
        "AWS takes up to two minutes to stop the pipe. Start again: taskline breaker close --reason ..."
    )


def close_breaker(session: Session, reason: Reason = "closed with taskline") -> None:
    """Let tasks be processed again."""
    _show(session, session.api.set_breaker("closed", reason))


def _confirm(session: Session) -> None:
    if not session.output.can_ask:
        raise usage("Nobody can be asked whether to stop the processing.", "Add --yes.")
    typer.confirm(f"Stop the processing of {session.stage.name}?", abort=True, err=True)


def _lanes(pipes: Sequence[Mapping[str, Any]]) -> str:
    """What there is to say of several lanes."""
    waiting = sum(pipe["waits"] for pipe in pipes)
    if len(pipes) < 2:
        return ""
    return f"{len(pipes)}" + (f", {waiting} wait until the lanes before are empty" if waiting else "")


def _show(session: Session, breaker: Mapping[str, Any]) -> None:
    from taskline.cli.render.tasks import when

    output = session.output
    if not output.is_text:
        output.document(breaker)
        return
    pipe: Mapping[str, Any] = breaker.get("pipe") or {}
    current, desired = pipe.get("current_state", ""), pipe.get("desired_state", "")
    values = {
        "state": breaker["state"],
        "meaning": MEANING.get(breaker["state"], ""),
        "since": when(output, breaker.get("since")),
        "reason": breaker.get("reason", ""),
        "by": breaker.get("by", ""),
        "next step": when(output, breaker.get("next_step_at")),
        "pipe": current if current == desired else f"{current}, will be {desired}",
        "lanes": _lanes(breaker.get("pipes") or ()),
    }
    output.fields({name: value for name, value in values.items() if value})
    if breaker.get("pipe_stopped"):
        output.warn("The pipe is stopped, and not by the breaker. See `taskline doctor`.")
