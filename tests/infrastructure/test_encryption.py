"""Encryption at rest: with AWS's own keys unless a stage names one of the customer's."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from infrastructure.blocks.encryption import use_key
from infrastructure.blocks.iam import allow
from infrastructure.blocks.location import Location
from infrastructure.settings.checks import SettingsError
from tests.infrastructure.recording import ACCOUNT, PARTITION, REGION, Stack, arn, run

KEY = arn("kms", "key/1234abcd-12ab-34cd-56ef-1234567890ab")
LOCATION = Location(partition=PARTITION, region=REGION, account=ACCOUNT, prefix="taskline-dev", kms_key_arn=KEY)
ENCRYPTED = {
    "aws:dynamodb/table:Table": ("serverSideEncryption", {"enabled": True, "kmsKeyArn": KEY}),
    "aws:sqs/queue:Queue": ("kmsMasterKeyId", KEY),
    "aws:sns/topic:Topic": ("kmsMasterKeyId", KEY),
    "aws:cloudwatch/logGroup:LogGroup": ("kmsKeyId", KEY),
}


@cache
def with_key(layer: Path) -> Stack:
    return run("dev", layer, kmsKeyArn=KEY)


@pytest.mark.parametrize("kind", ENCRYPTED)
def test_with_a_key_everything_that_holds_data_is_encrypted_with_it(layer: Path, kind: str) -> None:
    name, expected = ENCRYPTED[kind]
    for one in with_key(layer).all(kind):
        assert one.inputs[name] == expected, one.name
        assert "sqsManagedSseEnabled" not in one.inputs, "one excludes the other"


def test_without_one_nothing_costs_anything(stack: Stack) -> None:
    for kind in ENCRYPTED:
        for one in stack.all(kind):
            assert KEY not in str(one.inputs)
            assert "serverSideEncryption" not in one.inputs
    assert all(one.inputs["sqsManagedSseEnabled"] for one in stack.all("aws:sqs/queue:Queue"))


def key_statements(stack: Stack) -> dict[str, list[dict[str, Any]]]:
    """By role: what it may do with keys."""
    return {
        policy.name.removesuffix("-policy"): [
            one for one in policy.json("policy")["Statement"] if any(a.startswith("kms:") for a in one["Action"])
        ]
        for policy in stack.all("aws:iam/rolePolicy:RolePolicy")
    }


def test_who_uses_encrypted_resources_may_use_the_key_through_their_services_alone(layer: Path) -> None:
    used = key_statements(with_key(layer))
    assert {role for role, statements in used.items() if not statements} == {"api-access", "documents", "processor"}
    for role, statements in used.items():
        for statement in statements:
            assert statement["Resource"] == KEY, role
            assert statement["Condition"].keys() == {"StringEquals"}
    (pipe,) = used["tasks-pipe"]
    assert pipe["Action"] == ["kms:Decrypt"], "it receives, and sends nothing"
    assert pipe["Condition"]["StringEquals"] == {"kms:ViaService": [f"sqs.{REGION}.amazonaws.com"]}
    (workflow,) = used["workflow"]
    assert workflow["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"], "it sends dead letters"


def test_without_a_key_no_role_may_use_any(stack: Stack) -> None:
    assert not any(key_statements(stack).values())


def test_only_reading_needs_no_right_to_encrypt() -> None:
    reading = [allow("Read", ["dynamodb:GetItem"], "*")]
    assert use_key(LOCATION, reading)[0]["Action"] == ["kms:Decrypt"]
    assert use_key(LOCATION, [allow("Log", ["logs:PutLogEvents"], "*")]) == []


@pytest.mark.parametrize(
    "wrong", ["alias/mine", "1234abcd-12ab-34cd-56ef-1234567890ab", "arn:aws:kms:eu-west-1:1:key/x"]
)
def test_what_is_no_key_is_refused(layer: Path, wrong: str) -> None:
    with pytest.raises(SettingsError, match="kmsKeyArn"):
        run("dev", layer, kmsKeyArn=wrong)
