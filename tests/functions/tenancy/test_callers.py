"""Who sent a request: what API Gateway has checked decides, and no header does."""

from typing import Any

import pytest

from functions.api.callers import caller_of
from tests.functions.support import event
from tests.functions.tenancy.callers import ROLE

USER = "arn:aws:iam::111122223333:user/team/anna"
COGNITO = {"cognitoIdentityId": "eu-west-1:7b2d9c1e", "cognitoIdentityPoolId": "eu-west-1:pool"}
CLAIMS = {"sub": "7b2d9c1e", "iss": "https://issuer.example.com", "email": "anna@example.com"}


@pytest.mark.parametrize(
    ("context", "tenant"),
    [
        ({"identity": {"apiKeyId": "a1b2c3"}}, "key:a1b2c3"),
        ({"identity": {"userArn": USER}}, f"iam:{USER}"),
        ({"identity": {"userArn": "arn:aws:iam::111122223333:root"}}, "iam:arn:aws:iam::111122223333:root"),
        ({"identity": {"userArn": f"{ROLE}/session-1"}}, f"iam:{ROLE}"),
        ({"identity": {"userArn": f"{ROLE}/session/2"}}, f"iam:{ROLE}"),
        ({"identity": {"userArn": f"{ROLE}/x", **COGNITO}}, "cognito:eu-west-1:7b2d9c1e"),
        ({"authorizer": {"claims": CLAIMS}}, "jwt:https://issuer.example.com 7b2d9c1e"),
        ({"authorizer": {"jwt": {"claims": CLAIMS}}}, "jwt:https://issuer.example.com 7b2d9c1e"),
        ({"authorizer": {"claims": {"sub": "7b2d9c1e"}}}, "jwt: 7b2d9c1e"),
    ],
)
def test_a_caller_is_known_by_its_credentials(context: dict[str, Any], tenant: str) -> None:
    assert caller_of(context) == tenant


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"identity": None},
        {"identity": {"apiKeyId": None, "userArn": None, "cognitoIdentityId": None}},
        {"identity": {"cognitoIdentityId": "unsigned"}},
        {"authorizer": None},
        {"authorizer": {"claims": "a text of someone's own authorizer", "jwt": "another"}},
        {"authorizer": {"principalId": "x", "claims": {}, "jwt": {"claims": None}}},
    ],
)
def test_a_caller_without_credentials_is_nobody(context: dict[str, Any]) -> None:
    assert caller_of(context) is None


def test_the_strongest_credential_counts_and_another_one_changes_nothing() -> None:
    key = {"apiKeyId": "of another client"}
    assert caller_of({"identity": {"userArn": USER, **key}}) == f"iam:{USER}"
    assert caller_of({"identity": key, "authorizer": {"claims": CLAIMS}}) == "jwt:https://issuer.example.com 7b2d9c1e"
    both = {"identity": {"userArn": USER}, "authorizer": {"claims": CLAIMS}}
    assert caller_of(both) == f"iam:{USER}"


def test_no_caller_of_one_kind_looks_like_one_of_another() -> None:
    contexts: list[dict[str, Any]] = [
        {"identity": {"apiKeyId": "x"}},
        {"identity": {"userArn": "x"}},
        {"identity": {"userArn": "x", "cognitoIdentityId": "x"}},
        {"authorizer": {"claims": {"sub": "x"}}},
        {},
    ]
    assert len({caller_of(context) for context in contexts}) == len(contexts)


def test_headers_identify_no_one() -> None:
    """A key is looked at only where API Gateway requires one."""
    headers = {"x-api-key": "a", "apiKeyId": "a", "Authorization": f"AWS4-HMAC-SHA256 Credential={USER}"}
    assert caller_of(event("post_task.json", headers=headers)["requestContext"]) is None
