"""Whether each permission of a role is needed: without it, a call that the role has made would be refused."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ministack.core.iam_evaluator import (  # pyright: ignore[reportMissingTypeStubs]
    EvalContext,
    evaluate,
    parse_policy_document,
)

from tests.local.permissions.recorded import AS_ON_AWS, Call
from tests.proofs.findings import Finding


class Permission(NamedTuple):
    """One action on one resource, which a role's policy allows."""

    role: str
    action: str
    resource: str

    @property
    def finding(self) -> Finding:
        return Finding(self.action, self.role, f"on {self.resource} is needed by no call")


def permissions(policies: Mapping[str, Any]) -> Iterator[Permission]:
    """All pairs of action and resource, but for what the laptop adds for its emulator."""
    for role, policy in policies.items():
        for statement in policy["Statement"]:
            for action in _list(statement["Action"]):
                if action not in AS_ON_AWS:
                    yield from (Permission(role, action, one) for one in _list(statement["Resource"]))


def needless(allowed: Collection[Permission], calls: Collection[Call]) -> list[Permission]:
    """The permissions whose removal refuses none of the calls."""
    return [one for one in allowed if not needed_by(one, allowed, calls)]


def needed_by(one: Permission, allowed: Collection[Permission], calls: Collection[Call]) -> set[Call]:
    """The calls that its role may make with the permission, and may not make without it."""
    own = [other for other in allowed if other.role == one.role]
    rest = [other for other in own if other != one]
    return {call for call in calls if call.role == one.role and allows(own, call) and not allows(rest, call)}


def allows(held: Collection[Permission], call: Call) -> bool:
    """The emulator's own judgement of a call by these permissions and no others."""
    statements = [{"Effect": "Allow", "Action": one.action, "Resource": one.resource} for one in held]
    context = EvalContext(
        principal_arn=call.role,
        principal_type="AssumedRole",
        principal_account="000000000000",
        action=call.action,
        resource_arn=call.resource,
        region="us-east-1",
    )
    policy = parse_policy_document({"Version": "2012-10-17", "Statement": statements})
    return evaluate(context, [policy]).decision == "Allow"


def _list(one: Any) -> list[Any]:
    return one if isinstance(one, list) else [one]
