"""The deployer's own policies, from the rows of the types that the program has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from infrastructure.deployer.rows import ROWS, Need
from infrastructure.deployer.target import DeployerError, Target

Statement = Mapping[str, Any]
Policy = Mapping[str, Any]
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html, without white space.
MAX_CHARACTERS = 6144


def deployer_policies(target: Target, types: Iterable[str] = tuple(ROWS)) -> list[Policy]:
    """What deploying these types takes, as managed policies of the size that IAM allows.

    `DeployerError` for a type without a row.
    """
    needs = [need for one in sorted(set(types)) for need in _needs(one)]
    return _packed([*_statements(target, needs), *_checks(target), *_state(target), *_keys(target)])


def _needs(of_type: str) -> tuple[Need, ...]:
    if of_type not in ROWS:
        raise DeployerError(
            f"It is not known which permissions {of_type} needs: add a row to infrastructure/deployer/rows.py."
        )
    return ROWS[of_type]


def _statements(target: Target, needs: Iterable[Need]) -> Iterator[Statement]:
    """One statement for all actions of a service that have their resources and conditions in common."""
    joined: dict[tuple[str, tuple[str, ...], str], set[str]] = {}
    for need in needs:
        service = need.actions[0].partition(":")[0]
        key = (service, need.on, json.dumps(need.condition, sort_keys=True))
        joined.setdefault(key, set()).update(need.actions)
    for number, ((service, on, condition), actions) in enumerate(joined.items(), 1):
        statement: dict[str, Any] = {
            "Sid": f"Deploy{service.title()}{number}",
            "Effect": "Allow",
            "Action": sorted(actions),
            "Resource": [target.fill(pattern) for pattern in on],
        }
        if condition != "{}":
            statement["Condition"] = _filled(target, json.loads(condition))
        yield statement


def _filled(target: Target, value: object) -> object:
    if isinstance(value, dict):
        return {name: _filled(target, child) for name, child in cast("dict[str, object]", value).items()}
    if isinstance(value, list):
        return [_filled(target, child) for child in cast("list[object]", value)]
    place = {"region": target.region, "account": target.account, "prefix": target.prefix}
    return str(value).format(boundary=target.boundary_arn, **place)


def _checks(target: Target) -> Iterator[Statement]:
    """What `make smoke` does beside that: it calls the API, reads logs and metrics, and takes its own dead letters."""
    for sid, actions, pattern in (
        ("CallTheApi", ["execute-api:Invoke"], "execute-api:{region}:{account}:*"),
        ("ReadLogs", ["logs:FilterLogEvents"], "logs:{region}:{account}:log-group:/aws/vendedlogs/states/{prefix}-*"),
        ("ReadMetrics", ["cloudwatch:GetMetricStatistics"], "*"),
        (
            "TakeOwnDeadLetters",
            ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
            "sqs:{region}:{account}:{prefix}-dead-letters.fifo",
        ),
    ):
        yield {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": [target.fill(pattern)]}


def _state(target: Target) -> Iterator[Statement]:
    """Pulumi's state, in a bucket: all stages share its folders, so that it is not narrowed to one."""
    if target.state_bucket:
        bucket = f"arn:{target.partition}:s3:::{target.state_bucket}"
        yield {"Sid": "FindTheState", "Effect": "Allow", "Action": ["s3:ListBucket"], "Resource": [bucket]}
        actions = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        yield {"Sid": "KeepTheState", "Effect": "Allow", "Action": actions, "Resource": [f"{bucket}/*"]}


def _keys(target: Target) -> Iterator[Statement]:
    """The key of the state's secrets, and the stage's own: services that encrypt with it get a grant."""
    if target.keys:
        uses = ["kms:DescribeKey", "kms:Encrypt", "kms:Decrypt", "kms:GenerateDataKey"]
        yield {"Sid": "UseTheKeys", "Effect": "Allow", "Action": uses, "Resource": list(target.keys)}
        yield {
            "Sid": "LetServicesUseTheKeys",
            "Effect": "Allow",
            "Action": ["kms:CreateGrant"],
            "Resource": list(target.keys),
            "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        }


def _packed(statements: Iterable[Statement]) -> list[Policy]:
    packed: list[list[Statement]] = [[]]
    for statement in statements:
        if packed[-1] and size(document([*packed[-1], statement])) > MAX_CHARACTERS:
            packed.append([])
        packed[-1].append(statement)
    return [document(one) for one in packed]


def document(statements: Iterable[Statement]) -> Policy:
    """A policy of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def size(policy: Policy) -> int:
    """The length of a policy in characters, as IAM counts them."""
    return len(json.dumps(policy, separators=(",", ":")))
