"""A stack on AWS is closed: what would open its API is refused, unless it names the addresses that may call."""

import json
from pathlib import Path
from typing import Any

import pytest

from infrastructure.blocks.location import EMULATED_ACCOUNT
from infrastructure.settings.checks import SettingsError
from tests.infrastructure.recording import Recording, Stack, run
from tests.infrastructure.stages import evaluated

OFFICE = "203.0.113.0/24"
OPENINGS: list[tuple[dict[str, Any], list[str]]] = [
    ({"operatorAuthorization": "none"}, ["operatorAuthorization"]),
    ({"apiKeyRequired": False}, ["apiKeyRequired"]),
    ({"corsOrigins": "*"}, ["corsOrigins"]),
    (
        {"operatorAuthorization": "none", "apiKeyRequired": False, "corsOrigins": "*"},
        ["operatorAuthorization", "apiKeyRequired", "corsOrigins"],
    ),
]


def policy(stack: Stack) -> list[dict[str, Any]]:
    document = stack.one("aws:apigateway/restApi:RestApi", "api-rest-api").json("body")
    return document.get("x-amazon-apigateway-policy", {}).get("Statement", [])


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_every_stage_comes_up_closed_on_aws_as_it_is(stage: str) -> None:
    stack = evaluated(stage)
    assert policy(stack) == [], "keys and signatures alone decide"
    access = stack.one("aws:lambda/function:Function", "documents-function").inputs["environment"]["variables"][
        "ACCESS"
    ]
    assert json.loads(access) == {"api_key": True, "client_iam": False, "client_jwt": False, "operator_iam": True}


@pytest.mark.parametrize(("config", "keys"), OPENINGS)
def test_an_open_api_on_aws_is_refused_with_both_ways_out(
    layer: Path, config: dict[str, Any], keys: list[str]
) -> None:
    recording = Recording()
    with pytest.raises(SettingsError) as refused:
        run("dev", layer, into=recording, **config)
    assert recording.resources == [], "before anything is created"
    message = str(refused.value)
    for key in keys:
        assert f"taskline:{key} is {config[key]!r}" in message
        assert f"pulumi config rm {key}" in message, "the default of each is closed"
    assert message.count("config rm") == len(keys), "and nothing else has to change"
    assert "pulumi config set allowedAddresses" in message


@pytest.mark.parametrize(("config", "keys"), OPENINGS)
def test_it_may_be_open_to_some_addresses_and_on_the_laptop(
    layer: Path, config: dict[str, Any], keys: list[str]
) -> None:
    assert policy(run("dev", layer, allowedAddresses=OFFICE, **config)), keys
    assert policy(run("dev", layer, into=Recording(account=EMULATED_ACCOUNT), **config)) == []


def test_clients_that_sign_need_no_key(layer: Path) -> None:
    assert run("prod", layer, apiKeyRequired=False, clientAuthorization="iam").resources


def test_origins_that_are_named_are_no_opening(layer: Path) -> None:
    assert run("prod", layer, corsOrigins="https://app.example").resources


def test_no_setting_can_claim_to_be_the_laptop(layer: Path) -> None:
    """The account comes from AWS itself; neither a stage's name nor its file decides."""
    recording = Recording()
    with pytest.raises(SettingsError, match="allowedAddresses"):
        run("dev", layer, into=recording, operatorAuthorization="none", dependencyLayer="not-used-on-the-laptop.zip")
    assert "aws:index/getCallerIdentity:getCallerIdentity" in recording.calls


def test_the_policy_refuses_other_addresses_and_allows_only_unsigned_calls(layer: Path) -> None:
    """To allow signed calls would let in principals without permissions, also of other accounts."""
    deny, allow = policy(
        run("prod", layer, allowedAddresses="203.0.113.0/25, 203.0.113.128/25,2001:db8:7::/48, 9.9.9.9")
    )
    every_call = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
    assert deny == {
        "Sid": "RefuseOtherAddresses",
        "Effect": "Deny",
        **every_call,
        "Condition": {"NotIpAddress": {"aws:SourceIp": ["9.9.9.9/32", "203.0.113.0/24", "2001:db8:7::/48"]}},
    }
    assert allow == {
        "Sid": "LeaveUnsignedCallsToTheirKeys",
        "Effect": "Allow",
        **every_call,
        "Condition": {"Null": {"aws:PrincipalArn": "true"}},
    }


@pytest.mark.nightly
def test_other_addresses_are_deployed_and_the_policy_is_not_beside_the_document(layer: Path) -> None:
    """A new document removes a policy that was attached in any other way, and a deployed stage keeps its old one."""
    stacks = [run("prod", layer, allowedAddresses=ranges) for ranges in ("", OFFICE, "9.9.9.9")]
    triggers = [one.one("aws:apigateway/deployment:Deployment", "api-deployment").inputs["triggers"] for one in stacks]
    assert len({one["body"] for one in triggers}) == 3
    for stack in stacks:
        assert not [one for one in stack if "restApiPolicy" in one.type]
        assert "policy" not in stack.one("aws:apigateway/restApi:RestApi", "api-rest-api").inputs


def test_the_longest_policy_fits_into_api_gateways_limit(layer: Path) -> None:
    ranges = ",".join(f"2001:db8:{group:x}:1111:2222:3333:4444:{group:x}/128" for group in range(0x1000, 0x1064))
    statements = policy(run("prod", layer, allowedAddresses=ranges))
    assert len(json.dumps({"Version": "2012-10-17", "Statement": statements})) < 8192 - 2 * 100, (
        "ARNs are longer there"
    )
