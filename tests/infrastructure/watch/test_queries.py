"""The saved queries, run over lines as the machine and the API write them. A running edition has the others."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from asl import FakeTasks, HistoryEvent, Machine, VirtualClock
from asl.execution.logs import is_logged, log_record
from infrastructure.api.access_log import line_format
from infrastructure.watch.queries import Query
from taskline import links
from tests.infrastructure.recording import Stack
from tests.infrastructure.watch import insights
from tests.infrastructure.watch.insights import NoQuery, Row

DEFINITION = "aws:cloudwatch/queryDefinition:QueryDefinition"
ARN = "arn:aws:states:eu-west-1:111122223333:express:taskline-dev-workflow:a:b"
MESSAGE = [
    {
        "messageId": "m-1",
        "body": json.dumps({"task_id": "t-1", "type": "demo.echo", "priority": "low"}),
        "attributes": {
            "MessageGroupId": "g",
            "SequenceNumber": "1",
            "SentTimestamp": "1800000000000",
            "MessageDeduplicationId": "t-1",
        },
    }
]


@pytest.fixture(scope="module")
def queries(stack: Stack) -> dict[str, Mapping[str, Any]]:
    return {one.inputs["name"].removeprefix("taskline-dev/"): one.inputs for one in stack.all(DEFINITION)}


@pytest.fixture(scope="module")
def machine(stack: Stack) -> Machine:
    definition = stack.one("aws:sfn/stateMachine:StateMachine", "workflow-machine").inputs["definition"]
    return Machine.load(definition)


def executed(machine: Machine, fakes: Mapping[str, Any], level: str = "ALL") -> list[Row]:
    """The lines of an execution whose calls are answered like this."""
    events: list[HistoryEvent] = []
    machine.run(MESSAGE, tasks=FakeTasks(fakes), clock=VirtualClock(1_800_000_000), observe=events.append)
    return [
        insights.row(json.dumps(log_record(one, ARN)), round(one.timestamp * 1000))
        for one in events
        if is_logged(one.type, level)
    ]


OPEN_GATE = {"CheckGate": [{"result": {}}]}
CLAIMED = {"result": {"Attributes": {"attempts": {"N": "1"}, "deliveries": {"N": "1"}}}}
DONE = {"result": {"Payload": {"result": "{}"}}}
THROTTLED = {"error": "Lambda.TooManyRequestsException", "cause": "Rate Exceeded."}
BROKEN = {"error": "Lambda.ResourceNotFoundException", "cause": "Function not found"}


@pytest.mark.parametrize("level", ["ALL", "ERROR"])
def test_throttled_calls_are_counted_by_what_was_called(queries: Any, machine: Machine, level: str) -> None:
    fakes = {
        **OPEN_GATE,
        "ClaimTask": [CLAIMED],
        "ProcessTask": [THROTTLED, THROTTLED, DONE],
        "RecordResult": [{"result": {}}],
    }
    (found,) = insights.parse(queries["throttles"]["queryString"]).run(executed(machine, fakes, level))
    assert found["refused"] == 2
    assert found["details.error"] == "Lambda.TooManyRequestsException"


@pytest.mark.parametrize("level", ["ALL", "ERROR", "FATAL"])
def test_failed_executions_are_counted_by_their_reason(queries: Any, machine: Machine, level: str) -> None:
    fakes = {**OPEN_GATE, "ClaimTask": [CLAIMED], "ProcessTask": [BROKEN], "ReturnToQueue": [{"result": {}}]}
    (found,) = insights.parse(queries["failed-executions"]["queryString"]).run(executed(machine, fakes, level))
    assert (found["executions"], found["latest_execution"]) == (1, ARN)
    assert found["details.error"] == "Lambda.ResourceNotFoundException", "what the processor answered"
    assert found["details.cause"]


@pytest.mark.parametrize("name", ["one-task", "one-execution", "failed-executions", "throttles"])
def test_what_is_found_about_executions_is_found_of_those_that_take_long_too(queries: Any, name: str) -> None:
    machines = {f"/aws/vendedlogs/states/taskline-dev-{machine}" for machine in ("workflow", "long-workflow")}
    assert machines <= set(queries[name]["logGroupNames"])


def test_the_events_of_an_execution_are_in_their_order_even_within_a_millisecond(
    queries: Any, machine: Machine
) -> None:
    fakes = {**OPEN_GATE, "ClaimTask": [CLAIMED], "ProcessTask": [DONE], "RecordResult": [{"result": {}}]}
    lines = executed(machine, fakes)
    text = links.about(queries["one-execution"]["queryString"], links.EXECUTION, ARN)
    found = insights.parse(text).run([*reversed(lines), insights.row("no JSON", 0), insights.row('{"a": 1}', 0)])
    assert [one["id"] for one in found] == [str(number) for number in range(1, len(lines) + 1)]
    assert len(found) > 10, "as numbers: 10 comes after 9"
    (failed,) = insights.parse(text).run(executed(machine, {**OPEN_GATE, "ClaimTask": [BROKEN] * 3}))[-1:]
    assert failed["type"] == "ExecutionFailed"


def test_a_request_is_found_in_the_access_log_with_the_fields_that_are_shown(queries: Any) -> None:
    line = json.dumps(json.loads(line_format(firewall=False)) | {"request_id": "r-1", "status": "500"})
    text = links.about(queries["one-request"]["queryString"], links.REQUEST, "r-1")
    (found,) = insights.parse(text).run([insights.row(line, 1), insights.row(line_format(firewall=False), 2)])
    assert {"method", "route", "status", "latency_ms", "integration_error"} <= found.keys()


@pytest.mark.parametrize("name", ["one-task", "one-execution", "one-request"])
def test_a_link_leads_to_the_same_query_over_the_same_logs(stack: Stack, queries: Any, name: str) -> None:
    published = stack.exports["log_queries"][name]
    assert published["query"] == queries[name]["queryString"]
    assert published["log_groups"] == queries[name]["logGroupNames"]


def test_queries_are_over_log_groups_of_the_stage_and_aws_takes_as_many(stack: Stack, queries: Any) -> None:
    groups = {one.inputs["name"] for one in stack.all("aws:cloudwatch/logGroup:LogGroup")}
    for name, query in queries.items():
        assert 1 <= len(query["logGroupNames"]) <= 50, name
        assert set(query["logGroupNames"]) <= groups
        assert len(set(query["logGroupNames"])) == len(query["logGroupNames"])
        assert len(query["queryString"]) <= 10_000


def test_the_lines_of_a_query_are_joined_by_bars() -> None:
    query = Query(name="q", groups=(), lines=("fields a", "limit 5"), about="")
    assert query.text == "fields a\n| limit 5"


@pytest.mark.parametrize(
    "text",
    [
        'filte a = "b"',
        'filter a ~ "b"',
        "stats count(*) by a",
        "stats counts(*) as n by a",
        "stats count(*) as n by a | sort b",
        'filter a = "b" c',
        "limit x",
        "filter a like /b",
        'filter a in ["b"',
        "fields a,",
    ],
)
def test_what_is_no_query_is_refused(text: str) -> None:
    with pytest.raises(NoQuery):
        insights.parse(text)


def test_a_query_filters_counts_and_sorts() -> None:
    lines = [insights.row(json.dumps({"k": {"n": n % 3}, "v": n}), n) for n in range(10)]
    found = insights.parse(
        'filter k.n in ["x"] or v like /[1-9]/ | stats count(*) as c, sum(v) as s by k.n | sort s desc'
    )
    assert found.run(lines) == [{"k.n": 0, "c": 3, "s": 18}, {"k.n": 2, "c": 3, "s": 15}, {"k.n": 1, "c": 3, "s": 12}]
    assert found.named == {"k.n", "v"}
