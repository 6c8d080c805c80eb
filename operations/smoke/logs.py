"""The log of an execution, which is all that is known of an Express execution afterwards."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from operations.smoke.run import Row, Run, same, unchecked

# What each level logs of an execution whose task failed and was dead-lettered.
_EXPECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "ALL": ("ExecutionStarted", "TaskFailed", "ExecutionSucceeded"),
    "ERROR": ("TaskFailed",),
}


def execution_log(run: Run, arn: str) -> Row:
    """Whether the log of this execution has the events that the machine's log level promises."""
    check = "its execution is logged"
    machine = run.stack.client("stepfunctions").describe_state_machine(
        stateMachineArn=run.stack.outputs["state_machine_arn"]
    )
    logging: dict[str, Any] = machine.get("loggingConfiguration", {})
    expected = _EXPECTED.get(logging.get("level", "OFF"))
    if expected is None or not arn:
        return unchecked(check, "no execution is known" if not arn else f"the log level is {logging.get('level')}")
    group = logging["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"].removesuffix(":*")
    name = group.partition(":log-group:")[2]
    types = run.until(lambda: _types(run, name, arn), lambda seen: all(one in seen for one in expected))
    return same(check, ", ".join(expected), ", ".join(one for one in expected if one in types))


def _types(run: Run, group: str, arn: str) -> set[str]:
    """The types of all events of the execution that are in the log by now."""
    pages = run.stack.client("logs").get_paginator("filter_log_events")
    pages = pages.paginate(logGroupName=group, startTime=int(run.started.timestamp() * 1000), filterPattern=f'"{arn}"')
    events = (json.loads(event["message"]) for page in pages for event in page["events"])
    return {event["type"] for event in events if event.get("execution_arn") == arn}
