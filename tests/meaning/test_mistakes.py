"""Deliberate mistakes in resources of the program: each is noticed, by name."""

import re
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from tests.infrastructure.recording import Resource, run
from tests.infrastructure.stages import evaluated, layer
from tests.meaning import provider
from tests.meaning.translation import complaints

pytestmark = pytest.mark.check

ROLE = ("aws:iam/role:Role", "validator-role")
FUNCTION = ("aws:lambda/function:Function", "validator-function")
MAPPING = ("aws:lambda/eventSourceMapping:EventSourceMapping", "events-mapping")
QUEUE = ("aws:sqs/queue:Queue", "tasks-queue")
TABLE = ("aws:dynamodb/table:Table", "tasks-table")
PIPE = ("aws:pipes/pipe:Pipe", "tasks-pipe-pipe")
ALARM = ("aws:cloudwatch/metricAlarm:MetricAlarm", "dead-letters-alarm")
LOGS = ("aws:cloudwatch/logGroup:LogGroup", "validator-logs")
ABSENT = object()


def an_index(**changes: Any) -> list[dict[str, Any]]:
    """The first index of the task table, changed; nothing else in it."""
    (first, *_) = evaluated("dev").one(*TABLE).inputs["globalSecondaryIndexes"]
    return [{name: value for name, value in {**first, **changes}.items() if value is not ABSENT}]


def changed(one: tuple[str, str], **changes: Any) -> Resource:
    """A resource of the program with other inputs; ABSENT takes one away, and what can be called is called."""
    resource = evaluated("dev").one(*one)
    given = {name: value() if callable(value) else value for name, value in changes.items()}
    inputs = {name: value for name, value in {**resource.inputs, **given}.items() if value is not ABSENT}
    return replace(resource, inputs=inputs)


OF_THE_SERVICE = {
    "a value that is none of the enumeration": (FUNCTION, {"runtime": "python3.99"}, r"Runtime: 'python3.99' is none"),
    "one inside another": (PIPE, {"logConfiguration": {"level": "LOUD"}}, "LogConfiguration.Level: 'LOUD' is none of"),
    "a name of 65 characters": (ROLE, {"name": "r" * 65}, "RoleName: 65 is more than 64"),
    "an empty name": (PIPE, {"name": ""}, "for parameter Name, value: 0, valid min length: 1"),
    "a name with a space": (PIPE, {"name": "the pipe"}, "Name: 'the pipe' does not match"),
    "an ARN of something else": (FUNCTION, {"role": "arn:aws:sqs:eu-west-1:1:q"}, "Role: .* does not match"),
    "a number that is too large": (MAPPING, {"batchSize": 10_001}, "BatchSize: 10001 is more than 10000"),
    "a number that is too small": (MAPPING, {"batchSize": 0}, "BatchSize, value: 0, valid min value: 1"),
    "a list that is too long": (ALARM, {"alarmActions": ["arn"] * 6}, "AlarmActions: 6 is more than 5"),
    "a text for a number": (FUNCTION, {"memorySize": "much"}, "Invalid type for parameter MemorySize"),
    "a missing member": (ROLE, {"assumeRolePolicy": ABSENT}, '"AssumeRolePolicyDocument"'),
    "a missing member inside another": (TABLE, {"ttl": {"enabled": True}}, r'"AttributeName"'),
    "a period that SQS does not have": (QUEUE, {"visibilityTimeoutSeconds": 43_201}, "43201.* is not allowed"),
    "a retention that CloudWatch does not have": (LOGS, {"retentionInDays": 8}, "retentionInDays: 8 is not allowed"),
    "a timeout that Lambda does not have": (FUNCTION, {"timeout": 901}, "Timeout: 901 is not allowed"),
    "a period between two minutes": (ALARM, {"period": 90}, "Period: 90 is not allowed"),
    "a FIFO queue's name that is too long": (QUEUE, {"name": "q" * 76 + ".fifo"}, "QueueName: .* is not allowed"),
}
OF_THE_PROVIDER = {
    "a misspelt input": (QUEUE, {"fifoQueues": True}, "Queue has no fifoQueues: is it fifoQueue"),
    "a misspelt input inside another": (
        TABLE,
        {"globalSecondaryIndexes": partial(an_index, nonKeyAttribute=["status"])},
        "globalSecondaryIndexes has no nonKeyAttribute: is it nonKeyAttributes",
    ),
    "a deprecated input": (
        TABLE,
        {"globalSecondaryIndexes": partial(an_index, hashKey="failed_key")},
        "globalSecondaryIndexes.hashKey is deprecated: .* Use key_schema instead",
    ),
    "a missing input": (
        TABLE,
        {"globalSecondaryIndexes": partial(an_index, projectionType=ABSENT)},
        "projectionType is missing",
    ),
    "one value for a list": (FUNCTION, {"layers": "arn"}, "Function.layers is not a list"),
    "a list for one value": (FUNCTION, {"handler": ["a", "b"]}, "Function.handler is a list"),
    "a text for an object": (FUNCTION, {"tracingConfig": "Active"}, "Function.tracingConfig is not an object"),
}


@pytest.mark.parametrize("mistake", [*OF_THE_SERVICE, *OF_THE_PROVIDER])
def test_a_mistake_is_noticed_by_name(mistake: str) -> None:
    one, changes, words = (OF_THE_SERVICE | OF_THE_PROVIDER)[mistake]
    assert complaints(changed(one)) == [], "without the mistake there is nothing to notice"
    assert re.search(words, "\n".join(complaints(changed(one, **changes)))), complaints(changed(one, **changes))


def test_a_mistake_in_the_program_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.blocks.function.RUNTIME", "python3.99")
    wrong = {one.name for one in run("dev", layer()) if one.custom and complaints(one)}
    assert wrong == {one.name for one in evaluated("dev").all("aws:lambda/function:Function")}


def test_a_deprecated_resource_is_noticed() -> None:
    resource = replace(evaluated("dev").one(*ROLE), type="aws:lambda/microvmsImage:MicrovmsImage")
    assert any("MicrovmsImage is deprecated" in one for one in provider.complaints(resource))


def test_a_type_and_an_input_that_the_table_does_not_have_are_noticed() -> None:
    unknown = replace(changed(ROLE), type="aws:iam/group:Group")
    assert complaints(unknown) == ["aws:iam/group:Group is in no row of the table of calls"]
    assert complaints(changed(ROLE, path="/taskline/")) == [
        "path of aws:iam/role:Role is in no row of the table of calls"
    ]
