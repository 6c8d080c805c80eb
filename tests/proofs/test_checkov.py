"""checkov has no objection to any stage but those that are accepted, and it finds what is spoiled."""

import json
from dataclasses import replace
from typing import Any, NamedTuple

import pytest

from tests.infrastructure.recording import Resource
from tests.infrastructure.stages import EXTREMES, evaluated
from tests.proofs.accepted import CHECKOV
from tests.proofs.findings import objections
from tests.proofs.plan import Checked, check, plan, terraform_type

pytestmark = [pytest.mark.check, pytest.mark.nightly]

SPOILED = "spoiled"
# Types of which checkov checks nothing here: a wrong name for one of these would not be noticed.
WITHOUT_CHECKS = {
    f"aws_{name}"
    for name in (
        *("api_gateway_account", "api_gateway_api_key", "api_gateway_deployment", "api_gateway_rest_api"),
        *("api_gateway_base_path_mapping", "lambda_provisioned_concurrency_config"),
        *("api_gateway_usage_plan", "api_gateway_usage_plan_key", "lambda_alias", "lambda_event_source_mapping"),
        *("cloudwatch_composite_alarm", "cloudwatch_event_rule", "cloudwatch_event_target"),
        *("cloudwatch_dashboard", "cloudwatch_query_definition"),
        *("lambda_layer_version", "pipes_pipe", "sns_topic_subscription", "wafv2_web_acl_association"),
        "xray_sampling_rule",
    )
}


class Mistake(NamedTuple):
    """Inputs that a resource of the program must not have; None takes one away."""

    type: str
    name: str
    inputs: dict[str, Any]


def a_policy(**statement: Any) -> str:
    """A policy that allows what nobody may be allowed."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


ANYTHING = {"Action": "*", "Resource": "*"}
ANYONE = {"Principal": {"AWS": "*"}}
MISTAKES = {
    "CKV_AWS_27": Mistake("aws:sqs/queue:Queue", "tasks-queue", {"sqsManagedSseEnabled": False}),
    "CKV_AWS_28": Mistake("aws:dynamodb/table:Table", "tasks-table", {"pointInTimeRecovery": {"enabled": False}}),
    "CKV_AWS_50": Mistake("aws:lambda/function:Function", "validator-function", {"tracingConfig": None}),
    "CKV_AWS_60": Mistake(
        "aws:iam/role:Role", "reader-role", {"assumeRolePolicy": a_policy(Action="sts:AssumeRole", **ANYONE)}
    ),
    "CKV_AWS_62": Mistake("aws:iam/rolePolicy:RolePolicy", "reader-policy", {"policy": a_policy(**ANYTHING)}),
    "CKV_AWS_66": Mistake("aws:cloudwatch/logGroup:LogGroup", "reader-logs", {"retentionInDays": None}),
    "CKV_AWS_76": Mistake("aws:apigateway/stage:Stage", "api-stage", {"accessLogSettings": None}),
    "CKV_AWS_168": Mistake(
        "aws:sqs/queuePolicy:QueuePolicy", "tasks-policy", {"policy": a_policy(**ANYTHING, **ANYONE)}
    ),
    "CKV_AWS_284": Mistake("aws:sfn/stateMachine:StateMachine", "workflow-machine", {"tracingConfiguration": None}),
    "CKV_AWS_363": Mistake("aws:lambda/function:Function", "reader-function", {"runtime": "python3.6"}),
}


def spoiled(mistake: Mistake) -> Resource:
    """The resource of the program with the mistake in it."""
    resource = evaluated("dev").one(mistake.type, mistake.name)
    inputs = {name: value for name, value in {**resource.inputs, **mistake.inputs}.items() if value is not None}
    return replace(resource, inputs=inputs)


@pytest.fixture(scope="module")
def checked(tmp_path_factory: pytest.TempPathFactory) -> Checked:
    """One run for all: starting checkov takes most of its time."""
    plans = {stage: plan(evaluated(stage)) for stage in EXTREMES}
    return check({**plans, SPOILED: plan(map(spoiled, MISTAKES.values()))}, tmp_path_factory.mktemp("plans"))


def test_checkov_has_no_objection_to_any_stage(checked: Checked) -> None:
    found = [one for one in checked.findings if not one.where.startswith(SPOILED)]
    assert objections(found, CHECKOV) == []


@pytest.mark.parametrize("rule", MISTAKES)
def test_a_mistake_is_found(checked: Checked, rule: str) -> None:
    found = {(one.rule, one.where) for one in checked.findings}
    name = MISTAKES[rule].name
    assert (rule, f"{SPOILED}/{name}") in found
    assert (rule, f"dev/{name}") not in found, "without the mistake there is nothing to find"


def test_checkov_knows_the_types_by_their_names(checked: Checked) -> None:
    types = {terraform_type(one.type) for one in evaluated("everything") if one.custom}
    assert types - checked.types == WITHOUT_CHECKS
