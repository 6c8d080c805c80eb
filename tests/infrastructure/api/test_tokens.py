"""Clients that send tokens: which the gateway checks, for whom, and how the documents say so."""

import json
from pathlib import Path
from typing import Any

import pytest

from functions.api.access import Access
from functions.api.document.openapi import openapi_document
from infrastructure.settings.checks import SettingsError
from local.host.errors import LaptopError
from local.program.declarations.openapi import parse
from tests.infrastructure.recording import Recording, run

POOL = "arn:aws:cognito-idp:eu-west-1:111122223333:userpool/eu-west-1_AbCdEfGhI"
TOKENS: dict[str, Any] = {"clientAuthorization": "jwt", "userPools": POOL}


def body(layer: Path, **config: Any) -> dict[str, Any]:
    return json.loads(run("prod", layer, **TOKENS, **config).all("aws:apigateway/restApi:RestApi")[0].inputs["body"])


def security(document: dict[str, Any], tag: str) -> list[Any]:
    """The security of all operations of a group, without repetition."""
    found = [
        (operation["security"], operation.get("x-amazon-apigateway-auth"))
        for operations in document["paths"].values()
        for operation in operations.values()
        if operation.get("tags") == [tag]
    ]
    assert found
    return [one for number, one in enumerate(found) if one not in found[:number]]


def test_the_gateway_checks_tokens_of_clients_and_signatures_of_operators(layer: Path) -> None:
    document = body(layer, apiKeyRequired=False)
    scheme = document["components"]["securitySchemes"]["jwt"]
    assert (scheme["in"], scheme["name"]) == ("header", "Authorization")
    assert scheme["x-amazon-apigateway-authtype"] == "cognito_user_pools"
    assert scheme["x-amazon-apigateway-authorizer"] == {"type": "cognito_user_pools", "providerARNs": [POOL]}
    assert security(document, "tasks") == [([{"jwt": []}], {"type": "COGNITO_USER_POOLS"})]
    assert security(document, "operations") == [([{"aws_signature": []}], {"type": "AWS_IAM"})]
    assert security(document, "service") == [([], {"type": "NONE"})]


def test_a_key_may_be_needed_beside_a_token_and_scopes_are_those_of_the_token(layer: Path) -> None:
    document = body(layer, tokenScopes="tasks/submit,tasks/read")
    (found,) = security(document, "tasks")
    assert found[0] == [{"api_key": [], "jwt": ["tasks/submit", "tasks/read"]}]


def test_clients_read_that_they_send_a_bearer_token_and_what_a_wrong_one_means() -> None:
    document = openapi_document(Access(client_jwt=True))
    assert document["components"]["securitySchemes"]["jwt"]["scheme"] == "bearer"
    submit = document["paths"]["/tasks"]["post"]
    assert submit["security"] == [{"jwt": []}]
    assert "401" in submit["responses"]
    assert "401" not in openapi_document(Access(api_key=True))["paths"]["/tasks"]["post"]["responses"]


@pytest.mark.parametrize(
    ("config", "way_out"),
    [
        ({"clientAuthorization": "jwt"}, "pulumi config set userPools"),
        ({"userPools": POOL}, "pulumi config set clientAuthorization jwt"),
        ({"userPools": POOL, "clientAuthorization": "iam"}, "pulumi config rm userPools"),
        ({"tokenScopes": "tasks/submit"}, "pulumi config rm tokenScopes"),
        ({**TOKENS, "userPools": "https://issuer.example"}, "ARNs of Cognito user pools"),
        ({**TOKENS, "userPools": f"{POOL},{POOL}"}, "different ARNs"),
        ({**TOKENS, "tokenScopes": 'a"b'}, "different scopes"),
    ],
)
def test_tokens_that_nobody_checks_are_refused_with_the_way_out(
    layer: Path, config: dict[str, Any], way_out: str
) -> None:
    recording = Recording()
    with pytest.raises(SettingsError) as caught:
        run("dev", layer, into=recording, **config)
    assert way_out in str(caught.value)
    assert recording.resources == []


def test_an_api_whose_clients_send_tokens_is_closed_without_keys(layer: Path) -> None:
    assert body(layer, apiKeyRequired=False)["paths"]


def test_the_laptop_refuses_what_it_cannot_check_and_says_how_to_go_on(layer: Path) -> None:
    with pytest.raises(LaptopError) as caught:
        parse(json.dumps(body(layer)))
    assert "cannot check tokens of Cognito user pools" in str(caught.value)
    assert '"clientAuthorization": "none"' in f"{caught.value} {vars(caught.value)}"
