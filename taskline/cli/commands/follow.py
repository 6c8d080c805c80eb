"""`watch` and `tail`: what happens to tasks, while it happens."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from taskline.cli.basis import options
from taskline.cli.basis.exits import CommandFailed, ExitCode
from taskline.cli.running.command import command
from taskline.cli.running.session import Session
from taskline.statuses import FINAL

FIRST_PAUSE, LONGEST_PAUSE = 0.2, 3.0
PAGE = 100
WINDOW = 1000  # tasks that `tail` keeps an eye on

Task = Mapping[str, Any]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    command(app, "watch", example="taskline watch 019aa8f0-5d3b-7c41-9a51-0c6f0c8a2f11 --timeout 5m", lines=True)(
        watch
    )
    command(app, "tail", example="taskline tail --key customer-42", lines=True)(tail)


def watch(
    session: Session,
    task_ids: Annotated[list[str], typer.Argument(metavar="TASK_ID...", help="One or several tasks.")],
    timeout: options.Timeout = "10m",
    all_clients: options.AllClients = False,
) -> int:
    """Follow tasks until they have ended: each change and each run as it happens.

    Exit code 6 if one of them failed or was cancelled, 124 if the time is over before.
    """
    limit = options.span(timeout, "--timeout")
    ended = follow(session, task_ids, limit, operator=all_clients)
    if not session.output.is_text and not session.output.streams:
        session.output.document(ended if len(ended) > 1 else ended[0])
    return ExitCode.DONE if all(task["status"] == "succeeded" for task in ended) else ExitCode.TASK_FAILED


def follow(
    session: Session, task_ids: list[str], limit: float, *, operator: bool = False, aside: bool = False
) -> list[Task]:
    """Show the changes of tasks until all have ended; the tasks, in their order. `CommandFailed` if time is over.

    With `aside` they are shown on stderr: stdout is for something else.
    """
    deadline, pause = time.monotonic() + limit, FIRST_PAUSE
    shown = dict.fromkeys(task_ids, 0)
    ended: dict[str, Task] = {}
    while True:
        for task_id in [one for one in shown if one not in ended]:
            task = session.api.get(task_id, operator=operator)
            history: list[Any] = task.get("history") or []
            for entry in history[shown[task_id] :]:
                _show_entry(session, task, entry, several=len(shown) > 1, aside=aside)
                pause = FIRST_PAUSE
            shown[task_id] = len(history)
            if task["status"] in FINAL:
                ended[task_id] = task
        if len(ended) == len(shown):
            return [ended[task_id] for task_id in shown]
        if time.monotonic() + pause > deadline:
            raise _too_late([one for one in shown if one not in ended], limit)
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)


def tail(
    session: Session,
    key: options.Key = None,
    task_type: options.TaskType = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, max=WINDOW, help="Begin with so many tasks.")] = 10,
    interval: Annotated[str, typer.Option("--interval", metavar="TIME", help="Look again after this time.")] = "1s",
    all_clients: options.AllClients = False,
    stop_after: Annotated[
        str | None, typer.Option("--for", metavar="TIME", help="End after this time, instead of with Ctrl-C.")
    ] = None,
) -> None:
    """Follow the newest tasks: a line when one is accepted, starts, or ends. Ctrl-C ends it.

    It looks at the newest thousand tasks; what happens to older ones is not shown.
    """
    pause = options.span(interval, "--interval")
    deadline = time.monotonic() + options.span(stop_after, "--for") if stop_after else float("inf")
    known: dict[str, tuple[Any, ...]] = {}
    first = True
    while True:
        newest = list(_newest(session, key, known, operator=all_clients))
        for index, task in enumerate(reversed(newest)):
            seen = (task["status"], task.get("attempts"))
            skipped = first and len(newest) - index > lines
            if known.get(task["task_id"]) != seen and not skipped and task_type in (None, task["type"]):
                _show_task(session, task)
            known[task["task_id"]] = seen
        _forget(known)
        first = False
        if time.monotonic() + pause > deadline:
            return
        time.sleep(pause)


def _newest(
    session: Session, key: str | None, known: Mapping[str, tuple[Any, ...]], *, operator: bool
) -> Iterator[Task]:
    """The newest tasks, as far back as one that may still change."""
    waiting = {task_id for task_id, (status, _) in known.items() if status not in FINAL}
    met = not known
    for index, task in enumerate(session.api.tasks(ordering_key=key, operator=operator, page=PAGE), 1):
        yield task
        waiting.discard(task["task_id"])
        met = met or task["task_id"] in known
        if index == WINDOW or (index % PAGE == 0 and met and not waiting):
            return


def _forget(known: dict[str, tuple[Any, ...]]) -> None:
    """Drop the oldest, which no look reaches any more."""
    for task_id in list(known)[: -5 * WINDOW]:
        del known[task_id]


def _show_task(session: Session, task: Task) -> None:
    from taskline.cli.render.tasks import when
    from taskline.cli.render.words import duration, seconds_between

    output = session.output
    if not output.is_text:
        output.line(task)
        return
    moment = task.get("finished_at") or task.get("started_at") or task["created_at"]
    took = duration(seconds_between(task.get("started_at"), task.get("finished_at")))
    cells = [when(output, moment), task["status"], task["task_id"], task["type"], task["ordering_key"], took]
    cells.append(task.get("error_class") or "")
    output.row(cells)


def _show_entry(session: Session, task: Task, entry: Mapping[str, Any], *, several: bool, aside: bool) -> None:
    from taskline.cli.render.tasks import history_line

    output = session.output
    if output.streams:
        output.line({"task_id": task["task_id"], **entry})
    elif output.is_text:
        name = f"{task['task_id']}  " if several else ""
        (output.note if aside else output.text)(name + history_line(output, entry))


def _too_late(waiting: list[str], limit: float) -> CommandFailed:
    return CommandFailed(
        code=ExitCode.TIMED_OUT,
        title=f"Not ended after {limit:g} s: {', '.join(waiting)}",
        remedy="Wait longer with --timeout, or see what holds it: taskline keys, gates list, or breaker status.",
    )
