"""What must not exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.infrastructure.recording import Stack, comparable, run
from tests.infrastructure.stages import evaluated

MAY_BE_FOR_EVERYTHING = {
    "ListStreams",
    "SendTraces",
    "TraceExecutions",
    "DeliverExecutionLogs",
    "WriteGatewayLogs",
    "ReadFailureRate",
    "ReturnTokens",
}


def keys(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from value
        for child in value.values():
            yield from keys(child)
    elif isinstance(value, list):
        for child in value:
            yield from keys(child)


def dump(stack: Stack) -> str:
    return json.dumps([comparable(one.inputs) for one in stack])


def statements(stack: Stack) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every statement of every policy document, wherever a resource has one."""
    found = 0
    for one in stack:
        for name, value in one.inputs.items():
            if isinstance(value, str) and '"Statement"' in value:
                found += 1
                for statement in json.loads(value)["Statement"]:
                    yield f"{one.name}.{name}", statement
    assert found == 18 + 18 + 4 + 3, "eighteen roles with a trust and a policy each, four queues and three topics"


def allows(stack: Stack) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((where, statement) for where, statement in statements(stack) if statement["Effect"] == "Allow")


def as_list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def test_nothing_that_reads_a_queue_has_a_batching_window(stack: Stack) -> None:
    """It would override the queue's visibility timeout, and silently break the times chain. A stream has none."""
    others = [one for one in stack if ":dynamodb:" not in str(one.inputs.get("eventSourceArn"))]
    assert len(others) == len([*stack]) - 3, "those that read a stream of a table"
    assert not [key for one in others for key in keys(one.inputs) if "batchingwindow" in key.lower()]


def test_nothing_is_fired_and_forgotten(stack: Stack) -> None:
    assert "FIRE_AND_FORGET" not in dump(stack), "order and retry would be lost"


def test_only_a_few_statements_apply_to_every_resource(stack: Stack) -> None:
    everywhere = {s["Sid"] for _, s in allows(stack) if "*" in as_list(s.get("Resource", []))}
    assert everywhere == MAY_BE_FOR_EVERYTHING, "AWS defines no narrower resource for these, and only for these"


def test_no_permission_has_a_wildcard_in_its_actions(stack: Stack) -> None:
    for where, statement in allows(stack):
        assert not [action for action in as_list(statement["Action"]) if "*" in action], where


def test_no_permission_has_a_wildcard_inside_its_resources(stack: Stack) -> None:
    for where, statement in allows(stack):
        for resource in as_list(statement.get("Resource", [])):
            assert resource == "*" or "*" not in resource.removesuffix(":*"), f"{where}: {resource}"
            whole = statement["Sid"] in (
                "WriteOwnLogs",
                "WatchExecutions",
            )  # streams of a group, executions of a machine
            assert whole or not resource.endswith(":*"), f"{where}: {resource}"


def test_no_statement_is_negative(stack: Stack) -> None:
    for where, statement in statements(stack):
        assert statement.keys().isdisjoint({"NotAction", "NotResource", "NotPrincipal"}), where


def test_every_statement_has_a_sid(stack: Stack) -> None:
    for where, statement in statements(stack):
        assert re.fullmatch(r"[A-Za-z0-9]+", statement.get("Sid", "")), f"{where}: a Sid is letters and digits"


def test_no_one_else_may_use_a_queue_or_a_topic(stack: Stack) -> None:
    """Except the topic of task events, which sends to the queue that subscribes to it, and alarms."""
    open_to_others = {
        policy.name
        for policy in [*stack.all("aws:sqs/queuePolicy:QueuePolicy"), *stack.all("aws:sns/topicPolicy:TopicPolicy")]
        if {statement["Effect"] for statement in policy.json("policy")["Statement"]} != {"Deny"}
    }
    assert open_to_others == {"failed-tasks-policy", "alerts-policy", "breaker-trips-policy"}


def test_every_allowed_principal_is_one_service(stack: Stack) -> None:
    principals = [statement["Principal"] for _, statement in allows(stack) if "Principal" in statement]
    assert len(principals) == 18 + 1 + 2, "eighteen roles, a topic that sends to a queue, alarms to two topics"
    assert all(principal.keys() == {"Service"} for principal in principals)


def test_there_is_no_secret_anywhere_but_what_ids_are_computed_with(stack: Stack) -> None:
    assert not re.search(r"AKIA|ASIA|-----BEGIN|aws_secret", dump(stack))
    secrets = [
        (function.name, name)
        for function in stack.all("aws:lambda/function:Function")
        for name in function.inputs["environment"]["variables"]
        if re.search(r"SECRET|PASSWORD|TOKEN|CREDENTIAL|(?<!ORDERING_)KEY", name)
    ]
    assert secrets == [("validator-function", "ID_SECRET")]


def test_the_secret_is_drawn_once_and_marked_as_one_wherever_it_goes(stack: Stack, layer: Path) -> None:
    parameter = stack.one("aws:ssm/parameter:Parameter", "id-secret-parameter")
    again = run("dev", layer).one("aws:ssm/parameter:Parameter", "id-secret-parameter")
    assert re.fullmatch(r"[0-9a-f]{64}", parameter.inputs["value"])
    assert parameter.inputs["value"] != again.inputs["value"], "it is random"
    assert parameter.ignored_changes == ("value",), "the first one is kept"
    assert parameter.inputs["type"] == "SecureString"
    with_secrets = {(one.name, *one.secrets) for one in stack if one.secrets}
    assert with_secrets == {("id-secret-parameter", "value"), ("validator-function", "environment")}


def test_no_queue_hashes_bodies_to_find_duplicates(stack: Stack) -> None:
    """It would never match a client's second attempt."""
    assert not [q.name for q in stack.all("aws:sqs/queue:Queue") if q.inputs.get("contentBasedDeduplication")]


def test_nothing_is_protected_by_default(stack: Stack) -> None:
    assert not [one.name for one in stack if one.protect], "a development stack can be destroyed"


@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_execution_logs_of_production_hold_no_clients_data(stage: str) -> None:
    machine = evaluated(stage).one("aws:sfn/stateMachine:StateMachine", "workflow-machine")
    included = machine.inputs["loggingConfiguration"]["includeExecutionData"]
    assert included is (stage != "prod")
