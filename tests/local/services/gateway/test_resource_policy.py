"""Which calls an API's resource policy admits, and what the laptop understands of one."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import Any

import pytest

from functions.api.access import Access
from infrastructure.api.document import gateway_document
from local.emulator.clients import ROOT_KEY
from local.host.errors import LaptopError
from local.services.gateway.stage import Stage
from local.services.http.messages import HttpRequest
from tests.local.services.gateway.apis import (
    add_key,
    credential,
    declare,
    document,
    error_of,
    operation,
    outcomes,
    request,
    stage_of,
    uri,
)

EVERY_CALL = {"Principal": "*", "Action": "execute-api:Invoke", "Resource": "execute-api:/*"}
PATHS = {"/tasks": {"get": operation("open"), "post": operation("signed", signed=True)}}
SIGNED = [("Authorization", credential(ROOT_KEY))]


def statement(effect: str, **condition: Any) -> dict[str, Any]:
    return {"Effect": effect, **EVERY_CALL, **({"Condition": condition} if condition else {})}


def stage_with(*statements: dict[str, Any]) -> Stage:
    policy = {"Version": "2012-10-17", "Statement": list(statements)}
    return stage_of(declare({**document(PATHS), "x-amazon-apigateway-policy": policy}))


def both(stage: Stage, address: str = "203.0.113.7") -> list[str]:
    """The outcome of an unsigned and of a signed call."""
    sent = [request(), request("POST", headers=SIGNED)]
    return outcomes(stage, [replace(one, source_ip=address) for one in sent])


def test_a_policy_that_says_nothing_refuses_unsigned_calls_alone() -> None:
    """A signed call needs no statement: the caller's own permissions allow it."""
    assert both(stage_with()) == ["ACCESS_DENIED", "signed"]
    assert both(stage_with(statement("Allow"))) == ["open", "signed"]
    assert both(stage_with(statement("Allow", Null={"aws:PrincipalArn": "true"}))) == ["open", "signed"]
    assert both(stage_with(statement("Allow", Null={"aws:PrincipalArn": "false"}))) == ["ACCESS_DENIED", "signed"]


def test_a_denial_wins() -> None:
    assert both(stage_with(statement("Allow"), statement("Deny"))) == ["ACCESS_DENIED"] * 2
    anonymous = statement("Deny", Null={"aws:PrincipalArn": "true"})
    assert both(stage_with(statement("Allow"), anonymous)) == ["ACCESS_DENIED", "signed"]


@pytest.mark.parametrize(
    ("address", "inside"),
    [
        ("203.0.113.0", True),
        ("203.0.113.255", True),
        ("203.0.114.0", False),
        ("127.0.0.1", False),
        ("9.9.9.9", True),
        ("2001:db8:7::1", True),
        ("2001:db8:8::1", False),
    ],
)
def test_conditions_on_the_address_hold_for_both_kinds_of_addresses(address: str, inside: bool) -> None:
    ranges = {"aws:SourceIp": ["203.0.113.0/24", "2001:db8:7::/48", "9.9.9.9"]}
    within = stage_with(statement("Allow", IpAddress=ranges))
    outside = stage_with(statement("Allow"), statement("Deny", NotIpAddress=ranges))
    assert both(within, address) == ["open" if inside else "ACCESS_DENIED", "signed"]
    assert both(outside, address) == (["open", "signed"] if inside else ["ACCESS_DENIED"] * 2)


def test_conditions_of_one_statement_apply_together() -> None:
    conditions = {"IpAddress": {"aws:SourceIp": "203.0.113.7"}, "Null": {"aws:PrincipalArn": "false"}}
    stage = stage_with(statement("Allow"), statement("Deny", **conditions))
    assert both(stage) == ["open", "ACCESS_DENIED"]
    assert both(stage, "9.9.9.9") == ["open", "signed"]


def test_the_error_says_who_may_not_call_what() -> None:
    denied = error_of(stage_with(statement("Deny")), request())
    assert (denied.status, denied.name) == (403, "AccessDeniedException")
    assert "execute-api:Invoke on GET /v1/tasks from 203.0.113.7 with an explicit deny" in denied.message
    assert "no resource-based policy allows" in error_of(stage_with(), request()).message


@pytest.mark.parametrize("access", [Access(), Access(api_key=True), Access(api_key=True, client_iam=True)])
def test_the_program_s_own_policy_leaves_keys_and_signatures_as_they_are(access: Access) -> None:
    def stage(*ranges: str) -> Stage:
        arns = defaultdict(lambda: uri("responds"))
        declarations = declare(gateway_document(arns, uri("others"), access, allowed_addresses=ranges))
        add_key(declarations, "web")
        return stage_of(declarations)

    key = ("X-Api-Key", "secret-web")
    calls = [("GET", "/tasks"), ("PUT", "/breaker"), ("GET", "/health"), ("OPTIONS", "/tasks"), ("PATCH", "/redrive")]
    credentials = ([], [key], SIGNED, [*SIGNED, key])
    sent: list[HttpRequest] = [request(*call, headers=headers) for call in calls for headers in credentials]
    assert outcomes(stage("203.0.113.0/24"), sent) == outcomes(stage(), sent), "for those who may call"
    for one in outcomes(stage("9.9.9.9"), sent):
        assert one in ("ACCESS_DENIED", "MISSING_AUTHENTICATION_TOKEN"), "and nobody else gets to a function"


@pytest.mark.parametrize(
    "policy",
    [
        {"Version": "2012-10-17", "Statement": [], "Id": "x"},
        {"Version": "2012-10-17", "Statement": [{**statement("Allow"), "Effect": "Perhaps"}]},
        {"Version": "2012-10-17", "Statement": [{**statement("Allow"), "Principal": {"AWS": "*"}}]},
        {"Version": "2012-10-17", "Statement": [{**statement("Allow"), "Resource": "execute-api:/v1/GET/tasks"}]},
        {"Version": "2012-10-17", "Statement": [{**statement("Allow"), "NotAction": "execute-api:Invoke"}]},
        {"Version": "2012-10-17", "Statement": [statement("Deny", IpAddress={"aws:VpcSourceIp": "10.0.0.0/8"})]},
        {"Version": "2012-10-17", "Statement": [statement("Deny", IpAddress={"aws:SourceIp": "here"})]},
        {"Version": "2012-10-17", "Statement": [statement("Deny", StringEquals={"aws:PrincipalArn": "x"})]},
    ],
)
def test_what_is_not_understood_of_a_policy_is_an_error(policy: dict[str, Any]) -> None:
    with pytest.raises(LaptopError, match=r"does not understand .* in the resource policy"):
        declare({**document(PATHS), "x-amazon-apigateway-policy": policy})
