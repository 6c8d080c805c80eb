"""`cost`: what a million tasks cost in a stage, from the program's own resources."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from taskline.cli.basis.exits import CommandFailed, ExitCode, usage
from taskline.cli.render.output import Column
from taskline.cli.running.command import command
from taskline.cli.running.session import Session
from taskline.cli.serving.local import checkout, python_of

STAGE, LAPTOP = "prod", "laptop"
NEEDS = "what a stage costs is derived from the program in it"
LOAD = ("tasks_per_second", "keys", "validator_milliseconds", "processor_milliseconds")


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "cost",
        example="""
            taskline cost --tasks 1e6 --stage prod
            taskline cost --rate 5 --keys 100 --processor-ms 200 --json
        """,
        table=True,
    )(cost)


def cost(
    session: Session,
    tasks: Annotated[float, typer.Option("--tasks", metavar="NUMBER", help="How many tasks the sum is for.")] = 1e6,
    rate: Annotated[
        float | None, typer.Option("--rate", metavar="NUMBER", help="Tasks per second: 50, unless given.")
    ] = None,
    keys: Annotated[
        int | None,
        typer.Option("--keys", metavar="NUMBER", help="Ordering keys: the fewest possible, unless given."),
    ] = None,
    validator_ms: Annotated[
        float | None, typer.Option("--validator-ms", metavar="NUMBER", help="Time to accept a task: 50, unless given.")
    ] = None,
    processor_ms: Annotated[
        float | None, typer.Option("--processor-ms", metavar="NUMBER", help="Time of a run: 500, unless given.")
    ] = None,
) -> None:
    """Say what tasks cost on AWS, row by row, from the resources of a stage and from what its parts do when they run.

    Prices are list prices of us-east-1, without free tiers. The stage is prod, unless named. Nothing is deployed or
    asked. It needs a checkout of the project, in this folder, above it, or where this command comes from.
    """
    if not tasks > 0:
        raise usage(f"--tasks {tasks:g} is not a number of tasks.", "Name more than 0, such as 1e6.")
    load: dict[str, float | None] = {}
    load |= zip(LOAD, (rate, keys, validator_ms, processor_ms), strict=True)
    bill = _bill(session.stage_name or STAGE, tasks, load)
    if not session.output.is_text:
        session.output.document(bill)
        return
    _show(session, bill)


def _bill(stage: str, tasks: float, load: Mapping[str, float | None]) -> dict[str, Any]:
    if stage == LAPTOP:
        raise usage("The laptop edition costs nothing on AWS.", "Name a stage, such as --stage prod.")
    root = checkout(Path.cwd(), NEEDS)
    options = [f"--{name.replace('_', '-')}={value:g}" for name, value in load.items() if value is not None]
    done = subprocess.run(
        [python_of(root), "-m", "operations.cost", f"--stage={stage}", f"--tasks={tasks!r}", *options],
        capture_output=True,
        text=True,
        check=False,
        cwd=root,
    )
    return _document(done.stdout, done.stderr, done.returncode)


def _document(printed: str, said: str, code: int) -> dict[str, Any]:
    """The bill, or why there is none as `CommandFailed`."""
    try:
        document: dict[str, Any] = json.loads(printed.strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        title, remedy = "The cost could not be computed.", "Install the project in its folder: `make run` does."
        raise CommandFailed(title=title, detail=said[-500:].strip(), remedy=remedy) from error
    if failure := document.get("error"):
        found = ExitCode.USAGE if code == ExitCode.USAGE else ExitCode.FAILED
        raise CommandFailed(code=found, title=failure["title"], remedy=failure["remedy"])
    return document


def _show(session: Session, bill: Mapping[str, Any]) -> None:
    output, load = session.output, bill["load"]
    output.table(_columns("$ per million"), _rows(bill["per_million_tasks"], bill["dollars_per_million_tasks"]))
    if output.is_terminal:
        output.table(_columns("$ per month"), _rows(bill["per_month"], bill["dollars_per_month"]))
    output.note(
        f"{bill['tasks']:,.0f} tasks in stage {bill['stage']} cost ${bill['dollars']:,.2f}, and the stage "
        f"${bill['dollars_per_month']:,.2f} per month without a task."
    )
    rate, keys, accept = load["tasks_per_second"], load["keys"], load["validator_milliseconds"]
    output.note(
        f"At {rate:g} tasks per second over {keys} keys, {accept:g} ms to accept one and "
        f"{load['processor_milliseconds']:g} ms to process it. List prices of {bill['prices']['region']}, "
        f"{bill['prices']['as_of']}.",
        "dim",
    )


def _columns(last: str) -> list[Column]:
    names = [Column(title="Part"), Column(title="What", wide=True), Column(title="Quantity", right=True)]
    return [*names, Column(title="Unit", spare=True), Column(title=last, right=True)]


def _rows(rows: Sequence[Mapping[str, Any]], total: float) -> list[list[str]]:
    shown = [
        [row["group"], row["name"], f"{row['quantity']:,.0f}", row["unit"], f"{row['dollars']:.2f}"]
        for row in rows
        if row["dollars"] >= 0.005  # others would be shown as 0.00
    ]
    return [*shown, ["all", "", "", "", f"{total:.2f}"]]
