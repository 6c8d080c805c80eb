"""Definitions that are wrong, as the service refuses them: compared with what the Express runner says.

The runner's words come from recordings, and some are assumed (docs/reference/express.md); this is how to find out.
Nothing is created.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from asl import DefinitionError, Machine, Problem
from operations.smoke.run import Row, Run, same

_PASS: Final = {"Type": "Pass", "End": True}


def _task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "End": True, **fields}


_INNER: Final = {"StartAt": "I", "States": {"I": _PASS, "Lost": _PASS}}

WRONG: Final[Mapping[str, dict[str, Any]]] = {
    "a wait for a token": _task("sqs:sendMessage.waitForTaskToken"),
    "a wait for a job": _task("states:startExecution.sync"),
    "an action that is not there": _task("dynamodb:query"),
    "credentials without a role": _task("lambda:invoke", Credentials={}),
    "a distributed map": {
        "Type": "Map",
        "End": True,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "I",
            "States": {"I": _PASS},
        },
    },
    "an unknown field": {**_PASS, "Foo": 1},
    "a missing target": {"Type": "Pass", "Next": "Nowhere"},
    "a lost state in a branch": {"Type": "Parallel", "Branches": [_INNER], "End": True},
    "a lost state in a map": {"Type": "Map", "ItemProcessor": _INNER, "End": True},
    "a name at the top level": {**_PASS, "Output": {"v": ["{% phone %}"]}},
    "a member that is not there": {**_PASS, "Output": "{% $states.result %}"},
    "an expression that does not parse": {**_PASS, "Output": "{% 1 + %}"},
    "seconds below zero": {"Type": "Wait", "Seconds": -1, "End": True},
    "seconds above the bound": {"Type": "Wait", "Seconds": 100_000_000, "End": True},
    "a variable of an outer scope": {
        "Type": "Parallel",
        "Assign": {"x": 1},
        "Next": "A",
        "Branches": [{"StartAt": "I", "States": {"I": {**_PASS, "Assign": {"x": 1}}}}],
    },
}
"""Each is the only state of a machine, `A`."""


def refusals(run: Run) -> Iterator[Row]:
    """One row for each definition."""
    states = run.stack.client("stepfunctions")
    for name, state in WRONG.items():
        text = json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}})
        answer = states.validate_state_machine_definition(definition=text, type="EXPRESS")
        found = [Problem(one["code"], one["message"], one.get("location")) for one in answer["diagnostics"]]
        yield same(f"refused: {name}", _listed(_ours(text)), _listed(found))


def _ours(text: str) -> list[Problem]:
    try:
        Machine.load(text)
    except DefinitionError as error:
        return [problem for problem in error.problems if problem.by_aws]
    return []


def _listed(problems: list[Problem]) -> str:
    """In one order: that of AWS is not known."""
    return ", ".join(sorted(map(str, problems))) or "accepted"
