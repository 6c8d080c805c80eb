"""`worker`: what the worker of a task reports with the task's token."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Mapping
from typing import Annotated, Any

import typer

from taskline.cli.basis import options
from taskline.cli.basis.content import STDIN, content, json_content
from taskline.cli.basis.exits import CommandFailed, ExitCode, usage
from taskline.cli.running.command import command
from taskline.cli.running.session import Session

VARIABLE = "TASKLINE_TASK_TOKEN"
TASK = "019aa8f0-5d3b-7c41-9a51-0c6f0c8a2f11"
RESULT = '{"pages": 12}'
EXPIRED = "urn:taskline:problem:token-expired"
UNKNOWN_TASK = "Check TASK_ID and the stage. A worker needs the API key of the client that submitted the task."
RUN_IS_OVER = "Stop. If the task runs again, that run has a new token; `taskline get TASK_ID` shows what became of it."
MISMATCH = "Check TASK_ID and the token. Only tasks of types with task_token=True have one: `taskline get TASK_ID`."

Token = Annotated[
    str | None,
    typer.Option(
        "--token",
        metavar="TOKEN",
        envvar=VARIABLE,
        show_envvar=False,
        help=f"The task's token, @FILE, or - for stdin. Unless given, {VARIABLE}, which no other user can see.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(
        no_args_is_help=True, help="Report as the worker of a task that has a token: at it, done, or failed."
    )
    command(
        group,
        "complete",
        example=f"""
            taskline worker complete {TASK} --token @token.txt
            taskline worker complete {TASK} --result '{RESULT}'
        """,
    )(complete)
    command(
        group,
        "fail",
        example=f"""
            taskline worker fail {TASK} --error-class NETWORK --message 'the printer does not respond'
            taskline worker fail {TASK} --cancelled
        """,
    )(fail)
    command(
        group,
        "heartbeat",
        example=f"taskline worker heartbeat {TASK} --percent 40 --text 'page 5 of 12'",
    )(heartbeat)
    app.add_typer(group, name="worker")


def complete(
    session: Session,
    task_id: options.TaskId,
    token: Token = None,
    result: Annotated[
        str | None, typer.Option("--result", metavar="JSON", help="The task's result: JSON, @FILE, or - for stdin.")
    ] = None,
) -> None:
    """End a task, with its result: its worker is done. Exit code 3 if nobody waits for the token any more."""
    if token in STDIN and result in STDIN:
        raise usage("Stdin cannot be both the token and the result.", f"Set {VARIABLE}, or use --token @FILE.")
    secret, value = _secret(token), None if result is None else json_content(result, "--result", RESULT)
    with _explaining():
        reply = session.api.complete(task_id, secret, value)
    _show(session, reply, f"{task_id} is completed.", _follow(task_id))


def fail(
    session: Session,
    task_id: options.TaskId,
    token: Token = None,
    message: Annotated[str | None, typer.Option("--message", "-m", metavar="TEXT", help="What went wrong.")] = None,
    error_class: options.ErrorClass = None,
    error_type: Annotated[
        str | None, typer.Option("--error-type", metavar="NAME", help="The error's name: WorkerFailed, unless given.")
    ] = None,
    retry_after: Annotated[
        str | None, typer.Option("--retry-after", metavar="TIME", help="RATE_LIMIT only: when to run it again.")
    ] = None,
    cancelled: Annotated[
        bool, typer.Option("--cancelled", help="You have stopped because the task was cancelled: it ends so.")
    ] = False,
) -> None:
    """End a run of a task: it has failed, and the retry policy of its type says whether there is another.

    The class, UNKNOWN unless given, counts as if the type's function had raised that error. Exit code 3 if nobody
    waits for the token any more.
    """
    _check_failure(error_class, retry_after, cancelled)
    failure = {
        "message": message,
        "error_class": error_class,
        "error_type": error_type,
        "retry_after": None if retry_after is None else options.span(retry_after, "--retry-after"),
        "cancelled": cancelled,
    }
    secret = _secret(token)
    with _explaining():
        reply = session.api.fail(task_id, secret, failure)
    said = f"{task_id} has stopped." if cancelled else f"This run of {task_id} has failed."
    _show(session, reply, said, _follow(task_id))


def heartbeat(
    session: Session,
    task_id: options.TaskId,
    token: Token = None,
    percent: Annotated[
        int | None, typer.Option("--percent", min=0, max=100, help="How much of it is done: 0 to 100.")
    ] = None,
    text: Annotated[
        str, typer.Option("--text", metavar="TEXT", help="How far it is, in a few words; with --percent.")
    ] = "",
) -> int:
    """Say that the worker of a task is still at it, and perhaps how far.

    Exit code 6 if the task was cancelled: stop then, and report it with `worker fail --cancelled`. Exit code 3 if
    nobody waits for the token any more.
    """
    if text and percent is None:
        raise usage("--text says how far it is, and needs a number.", "Add --percent.")
    secret = _secret(token)
    with _explaining():
        sign = session.api.heartbeat(task_id, secret, percent, text)
    if not sign["cancel_requested"]:
        _show(session, sign, f"{task_id} goes on.")
        return ExitCode.DONE
    _show(session, sign, f"{task_id} was cancelled.", f"Stop, and say so: taskline worker fail {task_id} --cancelled")
    return ExitCode.TASK_FAILED


def _secret(token: str | None) -> str:
    """The token without the line break that a file ends with."""
    found = content(token or "", "--token").strip()
    if not found:
        raise usage("There is no token.", f"Set {VARIABLE}, or use --token @FILE.")
    return found


def _check_failure(error_class: str | None, retry_after: str | None, cancelled: bool) -> None:
    """Refuse what the API would leave out without a word."""
    options.one_of(error_class, options.ERROR_CLASSES, "--error-class")
    if retry_after is not None and error_class != "RATE_LIMIT":
        raise usage("--retry-after is for one class of errors.", "Add --error-class RATE_LIMIT, or leave it out.")
    if cancelled and error_class:
        raise usage("A task that was cancelled has no error class.", "Leave out --cancelled or --error-class.")


@contextlib.contextmanager
def _explaining() -> Generator[None]:
    """Say to a worker what to do where the API does not know the task, or does not wait for the token."""
    from taskline.client import Conflict, NotFound

    try:
        yield
    except NotFound as error:
        raise _with_remedy(error, UNKNOWN_TASK) from error
    except Conflict as error:
        expired = (error.problem or {}).get("type") == EXPIRED
        raise _with_remedy(error, RUN_IS_OVER if expired else MISMATCH) from error


def _with_remedy(error: Exception, remedy: str) -> CommandFailed:
    from taskline.cli.basis.problems import explained

    failure = explained(error)
    failure.remedy = remedy
    return failure


def _follow(task_id: str) -> str:
    return f"Follow it: taskline watch {task_id}"


def _show(session: Session, reply: Mapping[str, Any], said: str, hint: str = "") -> None:
    output = session.output
    if not output.is_text:
        output.document(reply)
        return
    output.text(said)
    if hint:
        output.note(hint)
