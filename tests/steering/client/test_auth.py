"""Who a request comes from: the signature as AWS computes it, tokens, and keys."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
import pytest
from botocore.credentials import Credentials

from taskline.client import BearerAuth, IamAuth, NotAllowed
from tests.steering.client.answers import NEW, Script, accepted, page, problem
from tests.steering.client.both import async_client, sync_client

Connect = Callable[..., Any]
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
CREDENTIALS = Credentials("AKIDEXAMPLE", SECRET, "a session's token")
ON_AWS = "https://a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com/v1"


def expected_signature(request: httpx.Request, secret: str = SECRET) -> str:
    """The signature of a request as it was sent, by AWS's description.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    scope, names = found(request, "Credential").partition("/")[2], found(request, "SignedHeaders")
    raw_path, _, raw_query = request.url.raw_path.decode().partition("?")
    encoded = [(quote(name, "-_.~"), quote(value, "-_.~")) for name, value in parse_qsl(raw_query, True)]
    canonical = "\n".join(
        [
            request.method,
            quote(raw_path, "/-_.~"),  # once more: all services but S3 want the path encoded twice
            "&".join(f"{name}={value}" for name, value in sorted(encoded)),
            *(f"{name}:{' '.join(request.headers[name].split())}" for name in names.split(";")),
            "",
            names,
            hashlib.sha256(request.content).hexdigest(),
        ]
    )
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    text = "\n".join(["AWS4-HMAC-SHA256", request.headers["X-Amz-Date"], scope, digest])
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.new(key, text.encode(), "sha256").hexdigest()


def found(request: httpx.Request, part: str) -> str:
    match = re.search(rf"{part}=([^,\s]+)", request.headers["Authorization"])
    assert match, request.headers["Authorization"]
    return match[1]


def signed_by(connect: Connect, send: Callable[[Any], object], **auth: Any) -> httpx.Request:
    script = Script(accepted(), page())
    send(connect(script, auth=IamAuth(credentials=CREDENTIALS, **{"region": "eu-west-1", **auth})))
    return script.requests[0]


@pytest.mark.parametrize(
    "send",
    [
        lambda client: client.get("an-id"),
        lambda client: client.get("a/b ü+%~"),
        lambda client: client.submit(NEW),
        lambda client: client.submit({**NEW, "title": "Grüße"}, idempotency_key="a key"),
        lambda client: client.cancel("an-id"),
        lambda client: client.call(
            "GET", "/tasks", params={"ordering_key": "a b+c&d=ü/~*", "limit": 5, "cursor": "=="}
        ),
        lambda client: client.call("GET", "/tasks/a:b$c"),
    ],
    ids=["plain", "strange path", "body", "body that is not ASCII", "delete", "query", "unusual path"],
)
def test_a_request_is_signed_as_aws_computes_it(connect: Connect, send: Callable[[Any], object]) -> None:
    request = signed_by(connect, send)
    assert found(request, "Signature") == expected_signature(request)
    assert request.headers["X-Amz-Security-Token"] == "a session's token"
    assert found(request, "Credential").endswith("/eu-west-1/execute-api/aws4_request")
    assert {"host", "x-amz-date", "x-amz-security-token"} <= set(found(request, "SignedHeaders").split(";"))


def test_the_check_notices_what_is_changed_on_the_way(connect: Connect) -> None:
    request = signed_by(connect, lambda client: client.submit(NEW))
    for changed in (
        httpx.Request("PUT", request.url, headers=request.headers, content=request.content),
        httpx.Request("POST", f"{request.url}/x", headers=request.headers, content=request.content),
        httpx.Request("POST", request.url, headers=request.headers, content=b"{}"),
    ):
        assert found(changed, "Signature") != expected_signature(changed)
    assert found(request, "Signature") != expected_signature(request, "another secret")


def test_credentials_are_asked_for_before_each_try(connect: Connect) -> None:
    """They may have expired while the client waited."""
    secrets = iter(["first", "second", "third"])
    fresh = SimpleNamespace(get_frozen_credentials=lambda: Credentials("AKID", next(secrets)).get_frozen_credentials())
    script = Script(problem(503), httpx.ReadError("reset"), accepted())
    connect(script, auth=IamAuth(credentials=fresh, region="eu-west-1")).submit(NEW)
    assert [found(one, "Signature") for one in script.requests] == [
        expected_signature(one, secret)
        for one, secret in zip(script.requests, ("first", "second", "third"), strict=True)
    ]


def test_the_region_is_that_of_the_address_on_aws(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-2")
    for url, region in ((ON_AWS, "eu-west-1"), ("https://api.example.com/v1", "us-east-2")):
        script = Script(accepted())
        connect(script, url=url, auth=IamAuth(credentials=CREDENTIALS)).get("an-id")
        assert found(script.requests[0], "Credential").split("/")[2] == region


@pytest.fixture
def nothing_of_aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_REGION", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.parametrize(
    ("auth", "missing"),
    [
        (lambda: IamAuth(region="eu-west-1"), "log in, or set AWS_PROFILE"),
        (lambda: IamAuth(region="eu-west-1", profile="none-such"), "none-such"),
        (lambda: IamAuth(credentials=CREDENTIALS), "set AWS_REGION"),
    ],
    ids=["no credentials", "no such profile", "no region"],
)
def test_what_a_signature_lacks_is_named(
    connect: Connect, nothing_of_aws: None, auth: Callable[[], IamAuth], missing: str
) -> None:
    script = Script(accepted())
    with pytest.raises(NotAllowed, match=missing):
        connect(script, auth=auth()).get("an-id")
    assert script.requests == []


def test_a_token_is_sent_and_a_callable_is_asked_each_time(connect: Connect) -> None:
    tokens = iter(["first", "second"])
    script = Script(problem(503), accepted())
    connect(script, auth=BearerAuth(lambda: next(tokens))).get("an-id")
    connect(script, auth=BearerAuth("always")).get("an-id")
    sent = [request.headers["Authorization"] for request in script.requests]
    assert sent == ["Bearer first", "Bearer second", "Bearer always"]


def test_an_asynchronous_callable_is_for_the_asynchronous_client_only() -> None:
    async def token() -> str:
        return "awaited"

    script = Script(accepted())
    client = async_client(script, auth=BearerAuth(token))
    client.get("an-id")
    client.close()
    assert script.requests[0].headers["Authorization"] == "Bearer awaited"
    with pytest.raises(TypeError, match="AsyncTaskline"):
        sync_client(script, auth=BearerAuth(token)).get("an-id")


def test_a_key_is_sent_beside_a_signature(connect: Connect) -> None:
    script = Script(accepted())
    connect(script, api_key="a-key", auth=IamAuth(credentials=CREDENTIALS, region="eu-west-1")).get("an-id")
    connect(script, api_key="a-key").get("an-id")
    connect(script).get("an-id")
    assert [request.headers.get("x-api-key") for request in script.requests] == ["a-key", "a-key", None]
    assert "Authorization" in script.requests[0].headers
    assert all("Authorization" not in request.headers for request in script.requests[1:])
