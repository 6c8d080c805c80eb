"""`load`: submits tasks at a rate, and says how long they took."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskline.cli.basis import options
from taskline.cli.basis.content import json_content
from taskline.cli.basis.exits import ExitCode, usage
from taskline.cli.running.command import command
from taskline.cli.running.session import Session
from taskline.statuses import FINAL

if TYPE_CHECKING:
    from taskline.cli.loading.generator import Plan, Sent

MOST_TASKS = 100_000


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "load",
        example="""
            taskline load --rate 20 --keys 10 --duration 30s
            taskline load --type demo.slow --data '{"milliseconds": 100}' --rate 5 --json
        """,
    )(load)


def load(
    session: Session,
    rate: Annotated[float, typer.Option("--rate", min=0.01, max=1000, help="Tasks per second.")] = 10,
    keys: Annotated[int, typer.Option("--keys", min=1, max=10_000, help="Ordering keys, used in turn.")] = 10,
    duration: Annotated[str, typer.Option("--duration", metavar="TIME", help="Submit for so long.")] = "10s",
    task_type: options.TaskType = "demo.echo",
    data: Annotated[
        str, typer.Option("--data", "-d", metavar="JSON", help="The data of each task: JSON, @FILE, or - for stdin.")
    ] = "{}",
    settle: Annotated[
        str, typer.Option("--settle", metavar="TIME", help="Then wait so long for the tasks to end.")
    ] = "60s",
    yes: options.Yes = False,
) -> int:
    """Submit tasks at a rate and show percentiles: time to accept, to wait and to run.

    The rate is kept whether or not the stage keeps up. It runs on the laptop edition; on a stage, where it costs money
    and others wait behind it, only with --yes. Exit code 124 if tasks have not ended in time, 1 if requests failed.
    """
    from taskline.cli.loading.generator import Plan

    seconds, patience = options.span(duration, "--duration"), options.span(settle, "--settle")
    plan = Plan(rate=rate, seconds=seconds, keys=keys, run=uuid.uuid4().hex[:8], task=_task(task_type, data))
    if plan.total > MOST_TASKS:
        raise usage(f"These are {plan.total:,} tasks, and {MOST_TASKS:,} is the most.", "Lower --rate or --duration.")
    if not session.stage.is_laptop and not yes:
        raise usage(
            f"{session.stage.name} is no laptop edition: load there costs money, and others wait behind it.",
            "Add --yes if that is what you want.",
        )
    return _report(session, plan, _run(session, plan), patience)


def _task(task_type: str | None, data: str) -> dict[str, Any]:
    content = json_content(data, "--data")
    return {"description": "Made by taskline load", "priority": "low", "type": task_type or "default", "data": content}


def _run(session: Session, plan: Plan) -> Sent:
    from taskline.cli.loading.generator import generate

    output = session.output
    output.note(f"Submitting {plan.total:,} tasks over {len(plan.key_names()):,} keys, {plan.rate:g} per second ...")
    step = max(1, plan.total // 10)

    def progress(sent: Sent) -> None:
        if (done := len(sent.accepted)) and done % step == 0:
            output.note(f"  {done:,} accepted")

    import asyncio

    return asyncio.run(_generated(session, plan, generate, progress))


async def _generated(session: Session, plan: Plan, generate: Any, progress: Any) -> Sent:
    async with session.api.submitter() as submit:
        return await generate(plan, submit, progress)


def _report(session: Session, plan: Plan, sent: Sent, patience: float) -> int:
    from taskline.cli.loading.results import measured, settle

    output = session.output
    last = 0

    def progress(done: int) -> None:
        nonlocal last
        if done - last >= max(1, plan.total // 10):
            last = done
            output.note(f"  {done:,} ended")

    tasks = settle(plan.key_names(), lambda key: session.api.tasks(ordering_key=key, page=100), patience, progress)
    found = measured(sent.accepted, tasks)
    unfinished = len(sent.accepted) - sum(count for name, count in found["by_status"].items() if name in FINAL)
    document = {
        "run": plan.run,
        "rate": plan.rate,
        "seconds": round(sent.seconds, 3),
        "accepted": len(sent.accepted),
        "errors": dict(sent.errors),
        "not_sent": sent.not_sent,
        "unfinished": unfinished,
        **found,
    }
    if output.is_text:
        _show(session, document)
    else:
        output.document(document)
    if unfinished > 0:
        return ExitCode.TIMED_OUT
    return ExitCode.FAILED if sent.errors or sent.not_sent else ExitCode.DONE


def _show(session: Session, document: dict[str, Any]) -> None:
    from taskline.cli.render.output import Column
    from taskline.cli.render.words import count, duration

    output = session.output
    names = ("p50", "p95", "p99", "max")
    columns = [Column(title="Time to"), Column(title="Tasks", right=True)]
    columns += [Column(title=name, right=True) for name in names]
    rows: list[list[str]] = []
    for name in ("accept", "wait", "run"):
        figures = document[name]
        shown = [duration(figures.get(one)) if output.is_terminal else str(figures.get(one, "")) for one in names]
        rows.append([name, str(figures["count"]), *shown])
    output.table(columns, rows)
    ended = ", ".join(f"{number:,} {status}" for status, number in sorted(document["by_status"].items()))
    output.note(f"{count(document['accepted'], 'task')} accepted in {duration(document['seconds'])}: {ended}")
    for name, number in document["errors"].items():
        output.warn(f"{count(number, 'request')} failed: {name}")
    if document["not_sent"]:
        output.warn(f"{count(document['not_sent'], 'task')} not sent: too many requests were unanswered.")
    if document["unfinished"] > 0:
        output.warn(f"{count(document['unfinished'], 'task')} had not ended; wait longer with --settle.")
