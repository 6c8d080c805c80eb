"""`doctor`: what is wrong, and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import typer

from taskline.cli.basis.exits import ExitCode
from taskline.cli.running.command import command
from taskline.cli.running.session import Session

if TYPE_CHECKING:
    from taskline.cli.checks.finding import Finding

MARKS = {"pass": "✓", "warn": "!", "fail": "✗", "skip": "-"}
Look = Callable[[Session], "Finding"]


def register(app: typer.Typer) -> None:
    """Add the command."""
    command(
        app,
        "doctor",
        example="""
            taskline doctor
            taskline doctor --stage prod --json
        """,
    )(doctor)


def doctor(session: Session) -> int:
    """Check this machine, the stage and the rights of this caller; each line passes, warns or fails, with a remedy.

    Exit code 1 if anything fails; warnings alone are 0.
    """
    output = session.output
    findings: list[Finding] = []
    for finding in examine(session):
        findings.append(finding)
        if output.is_text:
            _show(session, finding)
    failed = any(finding.failed for finding in findings)
    if not output.is_text:
        shown = [
            {"check": one.check, "verdict": one.verdict, "detail": one.detail, "remedy": one.remedy}
            for one in findings
        ]
        output.document({"healthy": not failed, "checks": shown})
    return ExitCode.FAILED if failed else ExitCode.DONE


def examine(session: Session) -> Iterator[Finding]:
    """All findings, as they come. Where a check fails that others need, these are skipped."""
    from taskline.cli.checks import api, here, stack

    yield _safely("environment", here.environment, session)
    yield _safely("stages file", here.stages_file, session)
    found = _safely("stage", here.stage, session)
    yield found
    if found.failed:
        return
    reached = _safely("url", api.address, session)
    yield reached
    of_api: dict[str, Look] = {
        "tls": api.tls,
        "clock": api.clock,
        "version": api.api_version,
        "key": api.key,
        "operator": api.operator,
        "breaker": api.breaker,
        "pipe": api.pipe,
        "keys": api.keys,
    }
    yield from _all(of_api, session, "the API cannot be reached" if reached.failed else "")
    known = _safely("credentials", stack.credentials, session)
    yield known
    of_stack: dict[str, Look] = {"stack": stack.stack, "queue": stack.queue, "alarms": stack.alarms}
    yield from _all(of_stack, session, "AWS does not know this caller" if known.failed else "")


def _all(looks: dict[str, Look], session: Session, skip: str) -> Iterator[Finding]:
    from taskline.cli.checks.finding import skipped

    for name, look in looks.items():
        yield skipped(name, skip) if skip else _safely(name, look, session)


def _safely(name: str, look: Look, session: Session) -> Finding:
    """What the check finds; what it raises is a finding, too."""
    from taskline.cli.basis.problems import explained
    from taskline.cli.checks.finding import bad

    try:
        return look(session)
    except Exception as error:  # one thing that is broken must not hide the others
        failure = explained(error)
        text = ": ".join(filter(None, (failure.title, failure.detail)))
        return bad(name, text, failure.remedy or "See the message.")


def _show(session: Session, finding: Finding) -> None:
    output = session.output
    if not output.is_terminal:
        output.row([finding.verdict, finding.check, finding.detail, finding.remedy])
        return
    output.row([f"{MARKS[finding.verdict]} {finding.check:<12}", finding.verdict, finding.detail])
    if finding.remedy:
        output.text(f"    {finding.remedy}", "dim")
