"""Every policy names actions that exist, on resources that they know, and nothing wider without a reason."""

from typing import Any

import pytest

from tests.infrastructure.recording import arn
from tests.infrastructure.stages import EXTREMES, evaluated
from tests.proofs.accepted import POLICIES
from tests.proofs.findings import Finding, objections
from tests.proofs.policies import Policy, findings, policies

pytestmark = pytest.mark.check

QUEUE = arn("sqs", "taskline-dev-tasks.fifo")
TABLE = arn("dynamodb", "table/taskline-dev-tasks")
INDEX = f"{TABLE}/index/by_key"


def found_in(stage: str) -> list[Finding]:
    return [one for policy in policies(evaluated(stage)) for one in findings(policy)]


def a_policy(**changes: Any) -> Policy:
    """A correct policy, changed."""
    right = {"Sid": "QueueTasks", "Effect": "Allow", "Action": ["sqs:SendMessage"], "Resource": QUEUE}
    return Policy("a-policy", {"Version": "2012-10-17", "Statement": [{**right, **changes}]})


def test_all_stages_have_right_policies_but_for_what_is_accepted() -> None:
    assert objections([one for stage in EXTREMES for one in found_in(stage)], POLICIES) == []


def test_no_policy_is_left_out() -> None:
    resources = evaluated("everything")
    text = sum("2012-10-17" in str(one.inputs) for one in resources)
    assert len(list(policies(resources))) == text > 30


def test_a_correct_policy_has_no_finding() -> None:
    assert list(findings(a_policy())) == []


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"Action": ["sqs:SendMessages"]}, "unknown-action"),
        ({"Action": ["sqss:SendMessage"]}, "unknown-action"),
        ({"Action": ["sqs:*"]}, "unknown-action"),
        ({"Resource": "*"}, "star"),
        ({"Resource": TABLE}, "wrong-resource"),
        ({"Resource": [QUEUE, TABLE]}, "wrong-resource"),
        ({"Action": ["dynamodb:PutItem"], "Resource": INDEX}, "wrong-resource"),
        ({"Action": ["dynamodb:GetRecords"], "Resource": TABLE}, "wrong-resource"),
        ({"Action": ["logs:PutLogEvents"], "Resource": arn("logs", "log-group:/aws/lambda/a")}, "wrong-resource"),
        ({"Action": ["xray:PutTraceSegments"], "Resource": QUEUE}, "wrong-resource"),
        ({"Condition": {"StringEquals": {"aws:SourceAcount": "123456789012"}}}, "unknown-condition"),
        ({"Condition": {"StringEquals": {"dynamodb:LeadingKeys": "a"}}}, "unknown-condition"),
        ({"Sid": ""}, "sid"),
        ({"Principal": "*"}, "anyone"),
        ({"NotAction": ["sqs:ReceiveMessage"]}, "all-but"),
    ],
)
def test_a_mistake_is_found(changes: dict[str, Any], rule: str) -> None:
    assert {one.rule for one in findings(a_policy(**changes))} == {rule}


@pytest.mark.parametrize(
    "right",
    [
        {"Action": ["dynamodb:Query"], "Resource": [TABLE, INDEX]},
        {"Action": ["logs:PutLogEvents"], "Resource": arn("logs", "log-group:/aws/lambda/a") + ":*"},
        {"Action": ["xray:PutTraceSegments"], "Resource": "*"},
        {"Action": ["execute-api:Invoke"], "Resource": "execute-api:/*"},
        {"Effect": "Deny", "Action": ["sqs:*"], "Principal": "*"},
        {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}},
    ],
)
def test_what_is_right_is_not_found(right: dict[str, Any]) -> None:
    assert list(findings(a_policy(**right))) == []
