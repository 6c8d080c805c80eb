"""`dead-letters`: what failed, why, and running it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from taskline.cli.basis import options
from taskline.cli.basis.exits import ExitCode, usage
from taskline.cli.render.output import Column
from taskline.cli.render.words import count
from taskline.cli.running.command import command
from taskline.cli.running.session import Session

LETTER = (
    Column(title="Task"),
    Column(title="Type", wide=True),
    Column(title="Key", wide=True),
    Column(title="Error"),
    Column(title="Failed"),
    Column(title="Redrives", right=True),
)
GROUP = (
    Column(title="Type", wide=True),
    Column(title="Error"),
    Column(title="Tasks", right=True),
    Column(title="Keys", right=True),
    Column(title="First"),
    Column(title="Last"),
)
FailedFrom = Annotated[
    str | None,
    typer.Option("--from", "--failed-from", metavar="TIME", help="Failed since: 2026-01-31T17:00:00Z, or 2h ago."),
]
FailedUntil = Annotated[
    str | None, typer.Option("--until", "--failed-until", metavar="TIME", help="Failed until: like --from.")
]
Filters = Mapping[str, str]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="See what failed, and run it again.")
    command(
        group,
        "list",
        example="""
            taskline dead-letters list --error-class NETWORK --from 2h
            taskline dead-letters list --groups
        """,
        lines=True,
        table=True,
    )(list_letters)
    command(group, "show", example="taskline dead-letters show 019aa8f0-5d3b-7c41-9a51-0c6f0c8a2f11")(show)
    command(
        group,
        "redrive",
        example="""
            taskline dead-letters redrive --error-class NETWORK --dry-run
            taskline dead-letters redrive --error-class NETWORK --yes
            taskline dead-letters redrive 019aa8f0-5d3b-7c41-9a51-0c6f0c8a2f11
        """,
    )(redrive)
    app.add_typer(group, name="dead-letters")


def list_letters(
    session: Session,
    error_class: options.ErrorClass = None,
    task_type: options.TaskType = None,
    key: options.Key = None,
    failed_from: FailedFrom = None,
    failed_until: FailedUntil = None,
    groups: Annotated[bool, typer.Option("--groups", help="A line for each type and error, with counts.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Look at so many at most.")] = 1000,
) -> None:
    """List failed tasks, in the order in which they would be redriven.

    Messages that are no tasks are named on stderr; with --json they are in the document.
    """
    filters = _filters(error_class, task_type, key, failed_from, failed_until)
    tasks, malformed, more = _gather(session, filters, limit)
    output = session.output
    found = _groups(tasks) if groups else tasks
    if output.streams:
        for one in found:
            output.line(one)
    elif not output.is_text:
        output.document({"groups" if groups else "tasks": found, "malformed": malformed, "more": more})
    elif groups:
        output.table(GROUP, [_group_row(one, terminal=output.is_terminal) for one in found], empty=NONE)
    else:
        output.table(LETTER, [_row(one, terminal=output.is_terminal) for one in found], empty=NONE)
    for one in malformed if output.is_text else ():
        output.warn(f"Message {one['message_id']} is no task: {one['reason']}")
    if more:
        output.note(f"There are more than {limit:,}. See them with a larger --limit, or narrower filters.")


def show(session: Session, task_id: options.TaskId) -> None:
    """Show a failed task: its error, its data, and each of its runs."""
    from taskline.cli.render.tasks import task_in_full

    task = session.api.get(task_id, operator=True)
    output = session.output
    if not output.is_text:
        output.document(task)
        return
    task_in_full(output, task)
    if task["status"] == "failed":
        output.note(f"Run it again: taskline dead-letters redrive {task_id}")
    else:
        output.note(f"This task is {task['status']}: it is no dead letter.")


def redrive(
    session: Session,
    task_ids: Annotated[list[str] | None, typer.Argument(metavar="[TASK_ID...]", help="These tasks alone.")] = None,
    error_class: options.ErrorClass = None,
    task_type: options.TaskType = None,
    key: options.Key = None,
    failed_from: FailedFrom = None,
    failed_until: FailedUntil = None,
    everything: Annotated[bool, typer.Option("--all", help="Everything that failed.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what it would do.")] = False,
    drop_malformed: Annotated[
        bool, typer.Option("--drop-malformed", help="Also delete messages that are no tasks, for good.")
    ] = False,
    yes: options.Yes = False,
) -> int:
    """Run failed tasks again, those of each key in their original order.

    It shows how many there are and asks; without a terminal it takes --yes or --dry-run.
    """
    if task_ids:
        return _redrive_each(session, task_ids, dry_run=dry_run)
    filters = _filters(error_class, task_type, key, failed_from, failed_until)
    if not filters and not everything:
        raise usage("Nothing says which tasks.", "Name tasks, a filter such as --error-class NETWORK, or --all.")
    tasks, malformed, more = _gather(session, filters, SHOWN)
    output = session.output
    _announce(session, filters, tasks, malformed, more)
    if dry_run or not (tasks or (malformed and drop_malformed)):
        report = {"dry_run": True, "filters": filters, "tasks": tasks, "malformed": malformed, "more": more}
        if not output.is_text:
            output.document(report)
        return ExitCode.DONE
    _confirm(session, count(len(tasks), "task") + (" and those behind them" if more else ""), yes)
    return _redrive_all(session, filters, drop_malformed)


SHOWN = 1000  # of what is announced before a redrive, whose end may be far
NONE = "Nothing has failed, or nothing that matches."


def _redrive_all(session: Session, filters: Filters, drop_malformed: bool) -> int:
    output, continuation = session.output, None
    done: list[Any] = []
    busy: set[str] = set()
    removed = 0
    while True:
        report = session.api.redrive({**filters, "drop_malformed": drop_malformed}, dry_run=False, after=continuation)
        done += report["tasks"]
        busy |= set(report.get("busy_keys", ()))
        removed += report.get("dead_letters_removed", 0)
        continuation = report.get("continuation")
        if not continuation:
            break
        output.note(f"{count(len(done), 'task')} so far ...")
    if output.is_text:
        output.text(
            f"{count(len(done), 'task')} redriven, of {count(len({one['ordering_key'] for one in done}), 'key')}."
        )
        if busy:
            output.warn(f"Left alone, because a task of theirs is processing: {', '.join(sorted(busy))}. Try again.")
    else:
        summary = {"tasks": done, "dead_letters_removed": removed, "busy_keys": sorted(busy)}
        output.document({"dry_run": False, "filters": filters, **summary})
    return ExitCode.REFUSED if busy else ExitCode.DONE


def _redrive_each(session: Session, task_ids: Sequence[str], *, dry_run: bool) -> int:
    output = session.output
    report = session.api.redrive_ids(task_ids, dry_run=dry_run)
    if not output.is_text:
        output.document(report)
        return ExitCode.DONE
    for task in report["tasks"]:
        output.text(f"{task['task_id']} {'would be' if dry_run else 'is'} redriven.")
    return ExitCode.DONE


def _announce(session: Session, filters: Filters, tasks: Sequence[Any], malformed: Sequence[Any], more: bool) -> None:
    """Say what would be redriven, with the filters in words: one that got lost is seen here."""
    words = " and ".join(f"{name.replace('_', ' ')} {value}" for name, value in filters.items()) or "everything"
    keys = len({one["ordering_key"] for one in tasks})
    number = f"more than {len(tasks):,} tasks" if more else count(len(tasks), "task")
    session.output.note(f"{words}: {number} of {count(keys, 'key')}. Each key keeps its order.")
    for group in _groups(tasks):
        session.output.note(
            f"  {count(group['tasks'], 'task')} of {group['type']}, {group['error_class'] or 'no outcome'}"
        )
    if malformed:
        session.output.note(f"  {count(len(malformed), 'message')} that are no tasks stay, unless --drop-malformed.")


def _confirm(session: Session, what: str, yes: bool) -> None:
    """Ask; `CommandFailed` without an answer or without a terminal to ask on."""
    if yes:
        return
    if not session.output.can_ask:
        raise usage(f"Nobody can be asked whether to redrive {what}.", "Add --yes, or --dry-run to only look.")
    typer.confirm(f"Redrive {what}?", abort=True, err=True)


def _gather(session: Session, filters: Filters, limit: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]], bool]:
    """What a redrive would do, from dry runs: the tasks, the malformed messages, and whether there are more."""
    tasks: list[dict[str, Any]] = []
    malformed: dict[str, dict[str, Any]] = {}
    continuation: str | None = None
    while True:
        report = session.api.redrive(filters, dry_run=True, after=continuation)
        tasks += report["tasks"]
        malformed |= {one["message_id"]: one for one in report.get("malformed", ())}
        continuation = report.get("continuation")
        if not continuation or len(tasks) >= limit:
            return tasks[:limit], list(malformed.values()), bool(continuation) or len(tasks) > limit


def _filters(
    error_class: str | None, task_type: str | None, key: str | None, failed_from: str | None, failed_until: str | None
) -> dict[str, str]:
    options.one_of(error_class, options.ERROR_CLASSES, "--error-class")
    given = {
        "error_class": error_class,
        "type": task_type,
        "ordering_key": key,
        "failed_from": options.moment(failed_from, "--from"),
        "failed_until": options.moment(failed_until, "--until"),
    }
    return {name: value for name, value in given.items() if value}


def _groups(tasks: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """By type and class of error, the largest first, each with three of its tasks."""
    sizes = Counter((one["type"], one.get("error_class") or "") for one in tasks)
    found: list[dict[str, Any]] = []
    for (task_type, error_class), size in sizes.most_common():
        own = [one for one in tasks if (one["type"], one.get("error_class") or "") == (task_type, error_class)]
        times = sorted(one["failed_at"] for one in own if one.get("failed_at"))
        found.append(
            {
                "type": task_type,
                "error_class": error_class or None,
                "tasks": size,
                "keys": len({one["ordering_key"] for one in own}),
                "first_failed_at": times[0] if times else None,
                "last_failed_at": times[-1] if times else None,
                "samples": [one["task_id"] for one in own[:3]],
            }
        )
    return found


def _row(one: Mapping[str, Any], *, terminal: bool) -> list[str]:
    error = one.get("error_class") or "no outcome"
    return [one["task_id"], one["type"], one["ordering_key"], error, _time(one.get("failed_at"), terminal),
            str(one.get("redrives", ""))]  # fmt: skip


def _group_row(one: Mapping[str, Any], *, terminal: bool) -> list[str]:
    first, last = (_time(one[name], terminal) for name in ("first_failed_at", "last_failed_at"))
    return [one["type"], one["error_class"] or "no outcome", f"{one['tasks']:,}", f"{one['keys']:,}", first, last]


def _time(moment: str | None, terminal: bool) -> str:
    from taskline.cli.render.words import local_time

    return local_time(moment) if terminal else moment or ""
