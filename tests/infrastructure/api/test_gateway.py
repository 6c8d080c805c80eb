"""Who may call the API in which stage, how often, from which web pages, and what is logged about it."""

import json
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from functions.api.access import Access
from functions.api.document.completion import complete
from infrastructure.api.document import with_extensions
from infrastructure.settings.checks import SettingsError
from tests.infrastructure.recording import SUFFIX, Recording, Stack, arn, run

OPEN = {"health", "read_openapi", "read_docs"}
PLAN = "aws:apigateway/usagePlan:UsagePlan"
ORIGIN = "gatewayresponse.header.Access-Control-Allow-Origin"


@pytest.fixture(scope="module")
def evaluated(layer: Path) -> Callable[..., Stack]:
    """The program for a stage and some settings, evaluated once per combination."""

    @cache
    def once(stage: str, **config: Any) -> Stack:
        return run(stage, layer, **config)

    return once


def body(stack: Stack) -> dict[str, Any]:
    return stack.one("aws:apigateway/restApi:RestApi", "api-rest-api").json("body")


def methods(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every method of every path with its tag; preflights and 405 are for everybody."""
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            (tag,) = operation.get("tags", ["everybody"])
            yield tag, f"{verb} {path}", operation


def requiring(stack: Stack, what: str) -> set[str]:
    """The tags whose methods all require this security scheme; a tag whose methods differ is an error."""
    required: dict[str, set[bool]] = {}
    for tag, _, operation in methods(body(stack)):
        required.setdefault(tag, set()).add(any(what in needed for needed in operation["security"]))
    assert all(len(found) == 1 for found in required.values()), required
    return {tag for tag, found in required.items() if found == {True}}


def test_only_what_describes_the_api_needs_neither_key_nor_signature(evaluated: Callable[..., Stack]) -> None:
    opened = {op["operationId"] for tag, _, op in methods(body(evaluated("prod"))) if tag == "service"}
    assert {name.removesuffix("_head") for name in opened} == OPEN


def test_clients_need_a_key_in_every_stage_that_does_not_say_otherwise(evaluated: Callable[..., Stack]) -> None:
    keyless = evaluated("dev", apiKeyRequired=False, allowedAddresses="203.0.113.0/24")
    every = {"tasks"}
    for stack, tags in [(evaluated(stage), every) for stage in ("dev", "staging", "prod")] + [(keyless, set[str]())]:
        assert requiring(stack, "api_key") == tags
        document = body(stack)
        schemes = document["components"].get("securitySchemes", {})
        assert ("x-api-key" in [scheme["name"] for scheme in schemes.values()]) == bool(tags)
        assert document["x-amazon-apigateway-api-key-source"] == "HEADER"


def test_the_documents_function_knows_what_the_gateway_requires(evaluated: Callable[..., Stack]) -> None:
    made = evaluated("prod", clientAuthorization="iam").one("aws:lambda/function:Function", "documents-function")
    access = json.loads(made.inputs["environment"]["variables"]["ACCESS"])
    assert Access(**access) == Access(api_key=True, client_iam=True, operator_iam=True)


def test_operators_sign_in_every_stage_and_clients_where_it_is_required(evaluated: Callable[..., Stack]) -> None:
    opened = evaluated("dev", operatorAuthorization="none", allowedAddresses="203.0.113.0/24")
    assert requiring(opened, "aws_signature") == set()
    for stage in ("dev", "staging", "prod"):
        assert requiring(evaluated(stage), "aws_signature") == {"operations"}
    signing = evaluated("staging", clientAuthorization="iam")
    assert requiring(signing, "aws_signature") == {"operations", "tasks"}
    assert requiring(signing, "api_key") == {"tasks"}, "a signature does not replace a key"


def test_the_gateway_requires_what_the_document_says(evaluated: Callable[..., Stack]) -> None:
    for stack in (evaluated("dev"), evaluated("staging"), evaluated("staging", clientAuthorization="iam")):
        for _, name, operation in methods(body(stack)):
            signed = any("aws_signature" in needed for needed in operation["security"])
            assert operation["x-amazon-apigateway-auth"] == {"type": "AWS_IAM" if signed else "NONE"}, name


@pytest.mark.parametrize("access", [Access(), Access(api_key=True), Access(client_iam=True)])
def test_operators_always_have_to_sign(access: Access) -> None:
    operation = {"operationId": "stop", "tags": ["operations"], "responses": {"204": {"description": "Stopped."}}}
    read = {"operationId": "look", "tags": ["operations"], "responses": {"204": {"description": "It is."}}}
    document = complete({"paths": {"/stop": {"post": operation, "get": read}}, "components": {}}, access)
    paths = with_extensions(document, {"stop": "arn-1", "look": "arn-1"}, "arn-2", [])["paths"]
    for verb in ("post", "get", "head"):
        assert paths["/stop"][verb]["x-amazon-apigateway-auth"] == {"type": "AWS_IAM"}, verb
        assert paths["/stop"][verb]["security"] == [{"aws_signature": []}], "and need no key besides"
    for verb in ("options", "x-amazon-apigateway-any-method"):
        assert paths["/stop"][verb]["x-amazon-apigateway-auth"] == {"type": "NONE"}
        assert paths["/stop"][verb]["x-amazon-apigateway-integration"]["uri"] == "arn-2", "and so reach no operation"
    scheme = document["components"]["securitySchemes"]["aws_signature"]
    assert scheme["x-amazon-apigateway-authtype"] == "awsSigv4"


@pytest.mark.parametrize("stage", ["staging", "prod"])
def test_only_the_stage_dev_may_accept_operators_without_a_signature(layer: Path, stage: str) -> None:
    recording = Recording()
    with pytest.raises(
        SettingsError, match=r"taskline:operatorAuthorization is 'none'; allowed: iam, and none only in the stage dev"
    ):
        run(stage, layer, into=recording, operatorAuthorization="none")
    assert recording.resources == []


def test_each_client_has_a_key_with_its_own_limits(evaluated: Callable[..., Stack]) -> None:
    config = {"keyRatePerSecond": 7, "keyBurst": 9, "keyQuotaPerDay": 100}
    stack = evaluated("prod", apiClients="web,mobile", **config)
    plan = stack.one(PLAN, "api-usage-plan")
    assert plan.inputs["apiStages"] == [{"apiId": "api-rest-api-id", "stage": "v1"}]
    assert plan.inputs["throttleSettings"] == {"rateLimit": 7, "burstLimit": 9}
    assert plan.inputs["quotaSettings"] == {"limit": 100, "period": "DAY"}
    keys = stack.all("aws:apigateway/apiKey:ApiKey")
    assert [key.inputs["name"] for key in keys] == ["taskline-prod-client-mobile", "taskline-prod-client-web"]
    assert not any("value" in key.inputs for key in keys), "AWS generates the secret; the program never holds it"
    members = stack.all("aws:apigateway/usagePlanKey:UsagePlanKey")
    assert {member.inputs["keyId"] for member in members} == {f"{key.name}-id" for key in keys}
    assert {member.inputs["usagePlanId"] for member in members} == {"api-usage-plan-id"}
    assert stack.exports["api_key_ids"] == {client: f"api-usage-{client}-key-id" for client in ("web", "mobile")}


def test_a_quota_of_zero_is_no_quota(evaluated: Callable[..., Stack]) -> None:
    assert "quotaSettings" not in evaluated("dev", keyQuotaPerDay=0).one(PLAN, "api-usage-plan").inputs


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_all_clients_together_are_throttled_too(evaluated: Callable[..., Stack], stage: str) -> None:
    settings = evaluated(stage).one("aws:apigateway/methodSettings:MethodSettings", "api-throttle").inputs
    assert (settings["stageName"], settings["methodPath"]) == ("v1", "*/*")
    assert settings["settings"] == {"throttlingRateLimit": 500, "throttlingBurstLimit": 1000}


@pytest.mark.parametrize(
    ("origins", "variable", "header"),
    [
        ("", None, None),
        ("*", "any", "'*'"),
        ("https://a.example", "https://a.example", "'https://a.example'"),
        ("https://a.example,http://b", "https://a.example,http://b", "method.request.header.origin"),
    ],
)
def test_origins_reach_the_functions_and_the_gateways_own_errors(
    evaluated: Callable[..., Stack], origins: str, variable: str | None, header: str | None
) -> None:
    stack = evaluated("dev", corsOrigins=origins, allowedAddresses="203.0.113.0/24")
    stage = stack.one("aws:apigateway/stage:Stage", "api-stage")
    assert (stage.inputs.get("variables") or {}).get("cors_origins") == variable
    for name, response in body(stack)["x-amazon-apigateway-gateway-responses"].items():
        assert response["responseParameters"].get(ORIGIN) == header, name


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_no_web_page_may_call_a_stage_without_origins(evaluated: Callable[..., Stack], stage: str) -> None:
    assert "Access-Control" not in json.dumps(body(evaluated(stage)))


def test_every_request_is_logged_in_one_json_line_without_the_clients_data(stack: Stack) -> None:
    settings = stack.one("aws:apigateway/stage:Stage", "api-stage").inputs["accessLogSettings"]
    line = json.loads(settings["format"])
    assert {
        "request_id",
        "api_key_id",
        "user_arn",
        "route",
        "status",
        "latency_ms",
        "integration_error",
    } <= line.keys()
    assert all(value.startswith("$context.") for value in line.values())
    assert "\n" not in settings["format"]
    assert not [value for value in line.values() if "header" in value or "body" in value or "querystring" in value]
    logs = stack.one("aws:cloudwatch/logGroup:LogGroup", "api-access-logs")
    assert (logs.inputs["name"], logs.inputs["retentionInDays"]) == ("/aws/apigateway/taskline-dev-api-access", 7)


def test_the_gateway_may_log_before_the_stage_exists(stack: Stack) -> None:
    account = stack.one("aws:apigateway/account:Account", "api-access-account")
    assert account.inputs["cloudwatchRoleArn"] == arn("iam", f"role/taskline-gateway-logs-{SUFFIX}", "")
    assert account.depends_on(stack.one("aws:iam/rolePolicy:RolePolicy", "api-access-policy"))
    assert stack.one("aws:apigateway/stage:Stage", "api-stage").depends_on(account)


def test_a_second_stack_of_an_account_leaves_its_log_role_alone(evaluated: Callable[..., Stack]) -> None:
    stack = evaluated("dev", accountLogRole=False)
    made = {one.type for one in stack}
    assert "aws:apigateway/account:Account" not in made
    assert not [one for one in stack if one.name == "api-access-role"]
    assert "accessLogSettings" in stack.one("aws:apigateway/stage:Stage", "api-stage").inputs, "it logs anyway"


@pytest.mark.parametrize("stage", ["dev", "staging", "prod"])
def test_there_is_a_firewall_only_where_it_is_enabled(evaluated: Callable[..., Stack], stage: str) -> None:
    assert not [one for one in evaluated(stage) if "waf" in one.type]
    stack = evaluated(stage, firewall="block")
    acl = stack.one("aws:wafv2/webAcl:WebAcl", "api-firewall-acl")
    association = stack.one("aws:wafv2/webAclAssociation:WebAclAssociation", "api-firewall-association")
    assert association.inputs == {
        "resourceArn": "arn:aws:apigateway:eu-west-1::/restapis/a1b2c3d4e5/stages/v1",
        "webAclArn": arn("wafv2", f"regional/webacl/taskline-{stage}-api-firewall/1"),
    }
    assert (acl.inputs["scope"], acl.inputs["defaultAction"]) == ("REGIONAL", {"allow": {}})
    (rule,) = acl.inputs["rules"]
    group = rule["statement"]["managedRuleGroupStatement"]
    assert (group["vendorName"], group["name"]) == ("AWS", "AWSManagedRulesCommonRuleSet")
    assert group["ruleActionOverrides"] == [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}], (
        "tasks may be larger than the rule's 8 KB"
    )
    assert not rule["visibilityConfig"]["sampledRequestsEnabled"], "samples would store the clients' data"
    assert rule["overrideAction"] == {"none": {}}


def test_a_firewall_can_count_before_it_blocks(evaluated: Callable[..., Stack]) -> None:
    acl = evaluated("dev", firewall="count").one("aws:wafv2/webAcl:WebAcl", "api-firewall-acl")
    assert acl.inputs["rules"][0]["overrideAction"] == {"count": {}}


# How long the value of a variable can become: an assumed role and its session have 64 characters each.
LONGEST = {
    "request_id": 36,
    "api_key_id": 20,
    "user_arn": len("arn:aws-us-gov:sts::123456789012:assumed-role//") + 2 * 64,
    "source_ip": 45,
    "method": 7,
    "route": 40,
    "status": 3,
    "latency_ms": 5,
    "integration_error": 160,
    "error_type": len("MISSING_AUTHENTICATION_TOKEN") + 10,
    "firewall_status": 16,
}


def access_log(stack: Stack) -> dict[str, str]:
    return json.loads(stack.one("aws:apigateway/stage:Stage", "api-stage").inputs["accessLogSettings"]["format"])


def test_a_line_of_the_access_log_fits(evaluated: Callable[..., Stack]) -> None:
    """The gateway cuts a line off at 1,024 bytes, so nothing is in it whose length a client chooses."""
    line = access_log(evaluated("dev", firewall="count"))
    assert line.keys() == LONGEST.keys()
    assert "$context.path" not in line.values()
    assert len(json.dumps({field: "x" * LONGEST[field] for field in line})) < 1024


def test_without_a_firewall_the_access_log_does_not_ask_for_its_verdict(stack: Stack) -> None:
    assert LONGEST.keys() - access_log(stack).keys() == {"firewall_status"}
