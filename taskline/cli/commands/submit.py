"""`submit`: one task from flags, or a file of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from taskline.cli.basis import options
from taskline.cli.basis.content import EXAMPLE, json_content
from taskline.cli.basis.exits import ExitCode, usage
from taskline.cli.intake.source import SUFFIXES, Format
from taskline.cli.running.command import command
from taskline.cli.running.session import Session

FILE_PANEL = "A file of tasks"


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "submit",
        example="""
            taskline submit "Say hello" --type demo.echo --key customer-42 --data '{"hello": "world"}' --wait
            taskline submit tasks.csv
            taskline submit - --format jsonl --run nightly-2026-11-27
        """,
        lines=True,
    )(submit)


def submit(
    session: Session,
    what: Annotated[
        str | None,
        typer.Argument(metavar="[TITLE|FILE|-]", help="A task's title; or a .csv, .json or .jsonl file; - is stdin."),
    ] = None,
    file: Annotated[
        str | None, typer.Option("--file", "-f", metavar="FILE", help="A file, whatever its name ends with.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="TEXT", help="The title of each task.")] = None,
    description: Annotated[
        str | None, typer.Option("--description", metavar="TEXT", help="Unless given, it is the title.")
    ] = None,
    priority: Annotated[
        str | None, typer.Option("--priority", metavar="PRIORITY", help="low, medium (unless given) or high.")
    ] = None,
    task_type: options.TaskType = None,
    key: options.Key = None,
    due_date: Annotated[str | None, typer.Option("--due-date", metavar="DATE", help="Such as 2026-12-31.")] = None,
    data: Annotated[
        str | None,
        typer.Option("--data", "-d", metavar="JSON", help="What the type needs: JSON, @FILE, or - for stdin."),
    ] = None,
    idempotency_key: Annotated[
        str | None,
        typer.Option("--idempotency-key", metavar="TEXT", help="Sent again with the same one, it is the same task."),
    ] = None,
    wait: Annotated[bool, typer.Option("--wait", "-w", help="Follow the task until it has ended.")] = False,
    timeout: options.Timeout = "10m",
    format: Annotated[  # noqa: A002 the option's name
        Format | None,
        typer.Option("--format", help="Unless the name says it.", rich_help_panel=FILE_PANEL, show_default=False),
    ] = None,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", metavar="COLUMN", help="This CSV column is text, even if it looks like a number.",
                     rich_help_panel=FILE_PANEL),
    ] = None,
    in_flight: Annotated[
        int, typer.Option("--in-flight", min=1, max=16, help="Batches at a time.", rich_help_panel=FILE_PANEL)
    ] = 4,
    retry_for: Annotated[
        str,
        typer.Option("--retry-for", metavar="TIME", help="Give up when no batch was answered for so long.",
                     rich_help_panel=FILE_PANEL),
    ] = "5m",
    run: Annotated[
        str,
        typer.Option("--run", metavar="NAME", rich_help_panel=FILE_PANEL,
                     help="The same lines with another name are other tasks; for stdin, what lets it be repeated."),
    ] = "",
    start_over: Annotated[
        bool, typer.Option("--start-over", help="Forget how far an earlier run came.", rich_help_panel=FILE_PANEL)
    ] = False,
) -> int:  # fmt: skip
    """Submit a task, or a file of tasks.

    A file is sent in batches, and the tasks of each key in the order of their lines. The header of a CSV file names
    the fields; columns like data.invoice go into the data. Options give what a line does not say. Lines that are
    refused go to FILE.rejected.jsonl with the reason (exit code 5).

    Ctrl-C finishes what is under way. The same command goes on where it ended, also after a crash, and submits no line
    twice.
    """
    fields = {"title": title, "description": description, "priority": priority, "type": task_type}
    fields |= {"ordering_key": key, "due_date": due_date}
    given: dict[str, Any] = {name: value for name, value in fields.items() if value is not None}
    if data is not None:
        given["data"] = _data(data)
    name = file or (what if what and _is_file(what) else None)
    if name is None:
        return _one(session, given | ({"title": what} if what else {}), idempotency_key, wait, timeout)
    if wait or idempotency_key:
        raise usage("--wait and --idempotency-key are for one task, not for a file.", "Leave them out.")
    from taskline.cli.intake.command import FileOptions, submit_file

    return submit_file(
        session,
        FileOptions(
            name=name,
            format=format,
            fields=given,
            texts=tuple(text or ()),
            in_flight=in_flight,
            retry_for=options.span(retry_for, "--retry-for"),
            run=run,
            start_over=start_over,
        ),
    )


def _one(session: Session, task: Mapping[str, Any], key: str | None, wait: bool, timeout: str) -> int:
    from taskline.cli.commands.follow import follow
    from taskline.cli.intake.lines import Defaults

    if "title" not in task:
        raise usage("There is nothing to submit.", "Name a title or a file: `taskline submit --help` has examples.")
    limit = options.span(timeout, "--timeout")
    accepted = session.api.submit(Defaults().task(task), idempotency_key=key)
    output = session.output
    if not wait:
        if output.is_text:
            output.text(accepted["task_id"])
            output.note(f"Follow it: taskline watch {accepted['task_id']}")
        else:
            output.document(accepted)
        return ExitCode.DONE
    if output.is_text:
        output.note(f"Task {accepted['task_id']}")
    (ended,) = follow(session, [accepted["task_id"]], limit, aside=True)
    if output.is_text:
        result = ended.get("result")
        output.text(json.dumps(result, ensure_ascii=False) if result is not None else ended["status"])
    elif not output.streams:
        output.document(ended)
    return ExitCode.DONE if ended["status"] == "succeeded" else ExitCode.TASK_FAILED


def _is_file(what: str) -> bool:
    """Whether it names a file and is no title: stdin, or a suffix that says what the file holds."""
    if what == "-":
        return True
    if Path(what).suffix.lower() not in SUFFIXES:
        return False
    if not Path(what).is_file():
        raise usage(f"There is no file {what}.", "Check the path. For a task of that title, use --title.")
    return True


def _data(text: str) -> dict[str, Any]:
    found = json_content(text, "--data")
    if not isinstance(found, dict):
        raise usage("--data is not a JSON object.", f"Write it like --data '{EXAMPLE}'.")
    return cast("dict[str, Any]", found)
