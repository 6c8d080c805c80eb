"""The command: `python -m operations.smoke STAGE`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from operations.smoke import tasks, watch
from operations.smoke.api import ApiCaller
from operations.smoke.refusals import refusals
from operations.smoke.report import table
from operations.smoke.run import Check, Row, Run, Unexpected, unchecked
from operations.smoke.stack import LAPTOP, NoStack, find

DIFFERS: Final = 1
NOT_RUN: Final = 2

FIRST: Final[Sequence[Check]] = (tasks.health, watch.pipe, watch.definition, tasks.succeeding, tasks.refused)
IF_TASKS_END: Final[Sequence[Check]] = (
    *(tasks.repeated, tasks.in_order, tasks.cancelled, tasks.retried, tasks.failing, watch.metrics),
)
LAST: Final[Sequence[Check]] = (watch.events, watch.alarms, watch.breaker)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check a stack. 0 if everything agrees, 1 if something differs, 2 if nothing was checked."""
    options = _parser().parse_args(arguments)
    try:
        stack = find(options.stage, os.environ)
        run = Run(stack=stack, api=ApiCaller(stack), seconds=options.seconds)
        _refuse_open_breaker(run)
        rows = list(_reported(_rows(run, with_refusals=options.refusals)))
    except (NoStack, BotoCoreError, ClientError) as error:
        print(f"Nothing was checked: {error}", file=sys.stderr)
        return NOT_RUN
    print(table(rows))
    differing = sum(row.agrees is False for row in rows)
    print(f"{run.name}: {differing} of {len(rows)} differ." if differing else f"{run.name}: everything agrees.")
    return DIFFERS if differing else 0


def _refuse_open_breaker(run: Run) -> None:
    answer = run.api.request("GET", "/breaker")
    if answer.document.get("state") in ("open", "half_open"):
        raise NoStack(f"The breaker is {answer.document['state']}: tasks would wait. Run this when it is closed.")


def _rows(run: Run, *, with_refusals: bool) -> Iterator[Row]:
    yield from _checked(run, FIRST)
    if run.succeeded:
        yield from _checked(run, IF_TASKS_END)
    else:
        yield unchecked("everything else about tasks", "the first one did not succeed")
    yield from _checked(run, LAST)
    if with_refusals:
        yield from _checked(run, [refusals])


def _checked(run: Run, checks: Sequence[Check]) -> Iterator[Row]:
    for check in checks:
        try:
            yield from check(run)
        except (Unexpected, BotoCoreError, ClientError, HTTPClientError) as error:
            yield Row(check=f"{check.__name__} can be checked", expected="no error", found=str(error), agrees=False)


def _reported(rows: Iterator[Row]) -> Iterator[Row]:
    """Show on standard error how far it is: on AWS, metrics take minutes."""
    for row in rows:
        print(f"  {row.check} ...", file=sys.stderr, flush=True)
        yield row


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m operations.smoke", description="Check a deployed stack, or the running laptop edition."
    )
    parser.add_argument("stage", metavar="STAGE", help=f"the stack's name, or {LAPTOP} for the running laptop edition")
    parser.add_argument(
        "--seconds", type=float, default=300, help="how long to wait for each thing to happen; default: %(default)s"
    )
    parser.add_argument(
        "--refusals", action="store_true", help="also compare how wrong definitions are refused; creates nothing"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
