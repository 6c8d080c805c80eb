"""The state machine and the policies as a CloudFormation template, which cfn-lint reads."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tests.infrastructure.recording import SUFFIX, Resource
from tests.proofs.findings import Finding

Template = dict[str, Any]


def _role(one: Resource) -> Mapping[str, Any]:
    name = one.inputs["name"] if "name" in one.inputs else one.inputs["namePrefix"] + SUFFIX
    return {"RoleName": name, "AssumeRolePolicyDocument": one.json("assumeRolePolicy")}


def _role_policy(one: Resource) -> Mapping[str, Any]:
    given = one.inputs
    return {"RoleName": given["role"], "PolicyName": given["name"], "PolicyDocument": one.json("policy")}


def _machine(one: Resource) -> Mapping[str, Any]:
    given = one.inputs
    return {
        "StateMachineName": given["name"],
        "StateMachineType": given["type"],
        "RoleArn": given["roleArn"],
        "Definition": one.json("definition"),
    }


_TYPES: Mapping[str, tuple[str, Callable[[Resource], Mapping[str, Any]]]] = {
    "aws:iam/role:Role": ("AWS::IAM::Role", _role),
    "aws:iam/rolePolicy:RolePolicy": ("AWS::IAM::RolePolicy", _role_policy),
    "aws:sfn/stateMachine:StateMachine": ("AWS::StepFunctions::StateMachine", _machine),
    "aws:sns/topicPolicy:TopicPolicy": (
        "AWS::SNS::TopicPolicy",
        lambda one: {"Topics": [one.inputs["arn"]], "PolicyDocument": one.json("policy")},
    ),
    "aws:sqs/queuePolicy:QueuePolicy": (
        "AWS::SQS::QueuePolicy",
        lambda one: {"Queues": [one.inputs["queueUrl"]], "PolicyDocument": one.json("policy")},
    ),
}


def template(resources: Iterable[Resource]) -> Template:
    """The resources of the types above, under their names without hyphens."""
    made: Template = {}
    for one in resources:
        if one.type in _TYPES:
            kind, properties = _TYPES[one.type]
            made[one.name.title().replace("-", "")] = {"Type": kind, "Properties": dict(properties(one))}
    return made


def findings(resources: Template) -> list[Finding]:
    """What cfn-lint says about a template of these resources, warnings included."""
    # It takes seconds to import: not in each process that only collects the tests.
    from cfnlint.api import ManualArgs, lint  # pyright: ignore[reportMissingTypeStubs]

    document = {"AWSTemplateFormatVersion": "2010-09-09", "Resources": resources}
    found: list[Any] = lint(json.dumps(document, indent=1), config=ManualArgs(regions=["us-east-1"]))
    return [Finding(one.rule.id, "/".join(map(str, one.path[1:])), one.message) for one in found]
