"""The part of `taskline submit` that takes a file: finds how far it is, submits it, and reports."""

from __future__ import annotations

import shlex
import sys
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from taskline.cli.basis.exits import CommandFailed, ExitCode, usage
from taskline.cli.intake import state as states
from taskline.cli.intake.lines import Defaults
from taskline.cli.intake.meter import meter
from taskline.cli.intake.sender import GaveUp, Outcome
from taskline.cli.intake.source import Format, Source, format_of
from taskline.cli.intake.submission import REJECTED, Report, Submission
from taskline.cli.render.words import count, duration
from taskline.cli.running.session import Session


@dataclass(frozen=True, kw_only=True)
class FileOptions:
    """What the options say. `fields` are for lines that do not say them."""

    name: str
    format: Format | None
    fields: Mapping[str, Any]
    texts: tuple[str, ...]
    in_flight: int
    retry_for: float
    run: str
    start_over: bool


def submit_file(session: Session, given: FileOptions) -> int:
    """Submit a file; returns the exit code. `CommandFailed` if it cannot be read, or the API does not answer."""
    defaults = Defaults(fields=given.fields, texts=given.texts)
    source = Source(name=given.name, format=format_of(given.name, given.format), defaults=defaults)
    if source.path and not source.path.is_file():
        raise usage(f"There is no file {source.path}.", "Check the path.")
    url = session.stage.url
    digest = source.digest(given.run if source.path else given.run or uuid.uuid4().hex)
    state_file = states.beside(source.path, states.SUFFIX) if source.path else None
    state = states.State(digest=digest, url=url)
    if state_file:
        states.writable(state_file)
        state = states.load(state_file, digest, url, start_over=given.start_over)
    rejected = states.beside(source.path, REJECTED) if source.path else Path(f"taskline{REJECTED}")
    if not state.refused:
        rejected.unlink(missing_ok=True)  # an earlier submission's
    if state.safe_line:
        session.output.note(f"Going on after line {state.safe_line:,}.")
    with meter(session.output, source.size()) as shown:
        submission = Submission(
            state=state, state_file=state_file, rejected=rejected, meter=shown, on_outcome=_streamed(session)
        )
        lines, batches = source.lines(sys.stdin.buffer), session.api.batches()
        report = submission.run(lines, batches, in_flight=given.in_flight, retry_for=given.retry_for)
    return _conclude(session, given, report, rejected)


def _streamed(session: Session) -> Any:
    """With `--jsonl`, a line for each task as it is accepted or refused."""

    def show(outcome: Outcome) -> None:
        if session.output.streams:
            said = {"task_id": outcome.task_id, "replayed": outcome.replayed}
            session.output.line(
                {"line": outcome.line.number, **(said if outcome.accepted else {"problem": outcome.problem})}
            )

    return show


def _conclude(session: Session, given: FileOptions, report: Report, rejected: Path) -> int:
    summary = summarise(given, report, rejected)
    if report.failure and not isinstance(report.failure, GaveUp):
        session.output.note(_sentence(summary))
        raise report.failure
    if isinstance(report.failure, GaveUp):
        raise CommandFailed(
            title=str(report.failure), remedy=f"When the API answers again: {summary['resume']}", problem=summary
        )
    output = session.output
    if output.is_text:
        output.note(_sentence(summary))
        if not report.complete:
            output.note(f"Go on with: {summary['resume']}")
    elif output.streams:
        output.line({"summary": summary})
    else:
        output.document(summary)
    if not report.complete:
        return ExitCode.INTERRUPTED
    return ExitCode.REFUSED if report.state.refused else ExitCode.DONE


def summarise(given: FileOptions, report: Report, rejected: Path) -> dict[str, Any]:
    """What became of the file, over all runs: the document that `--json` prints."""
    state = report.state
    rate = report.submitted / report.seconds if report.seconds else 0.0
    summary: dict[str, Any] = {
        "file": given.name,
        "complete": report.complete,
        "accepted": state.accepted,
        "replayed": state.replayed,
        "refused": state.refused,
        "safe_line": state.safe_line,
        "seconds": round(report.seconds, 3),
        "per_second": round(rate, 1),
    }
    if state.refused:
        summary["rejected_file"] = str(rejected)
    if not report.complete:
        summary["resume"] = _command(given)
    return summary


def _sentence(summary: Mapping[str, Any]) -> str:
    known = f" ({summary['replayed']:,} were known already)" if summary["replayed"] else ""
    parts = [f"{count(summary['accepted'], 'task')} accepted{known}"]
    if summary["refused"]:
        parts.append(f"{count(summary['refused'], 'line')} refused: see {summary['rejected_file']}")
    ended = "Done" if summary["complete"] else f"Stopped, everything up to line {summary['safe_line']:,} is submitted"
    speed = f"{duration(summary['seconds'])}, {summary['per_second']:,.0f} per second"
    return f"{ended}: {', '.join(parts)} ({speed})."


def _command(given: FileOptions) -> str:
    """The command that goes on: the one that was given, without what would start over."""
    if given.name == "-":
        return f"the same pipe with --run {shlex.quote(given.run)}" if given.run else "nothing: stdin needs --run NAME"
    words = [word for word in sys.argv[1:] if word != "--start-over"]
    return shlex.join(["taskline", *words])
