"""The API as its clients see it on the laptop: documents, other origins, methods, keys and limits."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.local.laptop import SHORT_TIMES, Laptop, Response

ORIGIN = "https://app.example"
PROBLEM = "application/problem+json"
KEYED = {
    "taskline:apiKeyRequired": True,
    "taskline:apiClients": "web,mobile",
    "taskline:keyQuotaPerDay": 3,
    "taskline:corsOrigins": f"{ORIGIN},https://other.example",
}


def test_the_document_is_served_and_names_every_path_of_the_api(laptop: Laptop) -> None:
    response = laptop.request("GET", "/v1/openapi.json")
    assert (response.status, response.headers["Content-Type"]) == (200, "application/json")
    for path, operations in response.json["paths"].items():
        declared = {method.upper() for method in operations}
        rejected = laptop.request("PATCH", f"/v1{path.replace('{task_id}', 'x')}")
        assert rejected.status == 405
        assert declared < set(rejected.headers["Allow"].split(", ")), path


def test_the_page_is_readable_without_any_network(laptop: Laptop) -> None:
    response = laptop.request("GET", "/v1/docs")
    assert (response.status, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert response.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    html = response.body.decode()
    assert "<h1>Taskline</h1>" in html
    assert "http:" not in html
    assert "https:" not in html


def test_a_long_response_is_compressed_for_clients_that_accept_it(laptop: Laptop) -> None:
    plain = laptop.request("GET", "/v1/openapi.json")
    packed = laptop.request("GET", "/v1/openapi.json", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "Content-Encoding" not in laptop.request("GET", "/v1/health", Accept_Encoding="gzip").headers


def test_head_gets_the_headers_of_get(laptop: Laptop) -> None:
    for path, status in (("/v1/health", 200), ("/v1/docs", 200), ("/v1/tasks/no-such-task", 404)):
        head, get = laptop.request("HEAD", path), laptop.request("GET", path)
        assert (head.status, get.status, head.body) == (status, status, b"")
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert laptop.request("HEAD", "/v1/tasks/batch").status == 405


def test_no_web_page_may_read_unless_the_run_names_its_origin(laptop: Laptop) -> None:
    """Dev lets in every origin. That means pages of its clients, not every page that is opened on this machine."""
    for method, path in (("OPTIONS", "/v1/tasks"), ("GET", "/v1/tasks?ordering_key=x"), ("GET", "/v1/nothing")):
        response = laptop.request(method, path, Origin=ORIGIN, Access_Control_Request_Method="POST")
        assert "Access-Control-Allow-Origin" not in response.headers, path


@pytest.fixture(scope="module")
def open_to_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laptop]:
    laptop = Laptop(tmp_path_factory.mktemp("open") / "state", config=SHORT_TIMES | {"taskline:corsOrigins": "*"})
    laptop.start()
    yield laptop
    laptop.ensure_stopped()


@pytest.mark.nightly
def test_a_web_page_may_send_a_preflight_request_and_then_post(open_to_all: Laptop) -> None:
    preflight = open_to_all.request(
        "OPTIONS", "/v1/tasks", Origin=ORIGIN, Access_Control_Request_Method="POST", Access_Control_Request_Headers="x"
    )
    assert (preflight.status, preflight.body) == (204, b"")
    assert "POST" in preflight.headers["Access-Control-Allow-Methods"].split(", ")
    assert "Content-Type" in preflight.headers["Access-Control-Allow-Headers"].split(", ")
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.nightly
def test_a_web_page_can_read_every_kind_of_response(open_to_all: Laptop) -> None:
    for method, path, status in (
        ("GET", "/v1/health", 200),
        ("POST", "/v1/tasks", 400),
        ("DELETE", "/v1/tasks", 405),
        ("GET", "/v1/no/such/path", 404),
    ):
        body = b"{" if method == "POST" else None
        response = open_to_all.request(method, path, body, Origin=ORIGIN, Content_Type="application/json")
        assert response.status == status
        assert response.headers["Access-Control-Allow-Origin"] == "*", f"{method} {path}"


@pytest.mark.nightly
@pytest.mark.parametrize(("method", "path"), [("POST", "/v1/redrive"), ("PUT", "/v1/breaker"), ("GET", "/v1/breaker")])
def test_a_run_that_lets_in_every_page_lets_none_operate(open_to_all: Laptop, method: str, path: str) -> None:
    """On the laptop operators sign nothing: `corsOrigins` is about what clients may do."""
    body = json.dumps({"state": "open", "reason": "a page"}).encode() if method == "PUT" else None
    refused = open_to_all.request(method, path, body, Origin=ORIGIN, Content_Type="application/json")
    assert (refused.status, refused.headers["Content-Type"]) == (403, PROBLEM)
    assert open_to_all.request("GET", "/v1/breaker").json["state"] == "closed"
    assert open_to_all.request("GET", "/v1/breaker", Origin=open_to_all.url).status == 200


@pytest.mark.nightly
def test_operators_sign_and_the_laptop_accepts_only_the_root_user(new_laptop: Callable[..., Laptop]) -> None:
    laptop = new_laptop(**{"taskline:operatorAuthorization": "iam"})
    laptop.start()
    assert laptop.request("GET", "/v1/breaker").status == 404, "as for an unknown path"
    assert signed(laptop, Credentials("test", "any")).json["state"] == "closed"
    role = laptop.clients.iam.get_role(RoleName=laptop.outputs["pipe_name"])["Role"]["Arn"]
    assumed = laptop.clients.sts.assume_role(RoleArn=role, RoleSessionName="a-test")["Credentials"]
    known = Credentials(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
    for rejected in (signed(laptop, known), signed(laptop, Credentials("AKIAUNKNOWN", "any"))):
        assert (rejected.status, rejected.json["title"]) == (403, "Forbidden")


def signed(laptop: Laptop, credentials: Credentials) -> Response:
    unsigned = AWSRequest("GET", f"{laptop.api}/breaker")
    SigV4Auth(credentials, "execute-api", laptop.runtime["region"]).add_auth(unsigned)
    return laptop.request("GET", "/v1/breaker", None, **dict(unsigned.headers.items()))


@pytest.fixture
def keyed(new_laptop: Callable[..., Laptop]) -> Laptop:
    laptop = new_laptop(**KEYED)
    laptop.start()
    return laptop


@pytest.mark.nightly
def test_api_keys_are_required_and_each_has_its_own_quota(keyed: Laptop) -> None:
    assert keyed.request("GET", "/v1/health").status == 200, "monitors need no key"
    document = keyed.request("GET", "/v1/openapi.json").json
    assert document["paths"]["/tasks"]["post"]["security"] == [{"api_key": []}]
    preflight = keyed.request("OPTIONS", "/v1/tasks", Origin=ORIGIN)
    assert (preflight.status, preflight.headers["Access-Control-Allow-Origin"]) == (204, ORIGIN), (
        "preflights carry no key"
    )
    assert "Access-Control-Allow-Origin" not in keyed.request("OPTIONS", "/v1/tasks", Origin="https://evil").headers

    assert_problem(keyed.request("GET", "/v1/tasks/x", Origin=ORIGIN), 403)
    assert_problem(keyed.request("GET", "/v1/tasks/x", Origin=ORIGIN, X_Api_Key="wrong"), 403)
    assert keyed.request("HEAD", "/v1/tasks/x").status == 403, "HEAD is no way around the key"
    keys = {client: value_of(keyed, key_id) for client, key_id in keyed.outputs["api_key_ids"].items()}
    assert keys.keys() == {"web", "mobile"}
    task = json.dumps({"title": "A title", "description": "A description", "priority": "low"}).encode()
    accepted = keyed.request("POST", "/v1/tasks", task, X_Api_Key=keys["web"], Content_Type="application/json")
    assert accepted.status == 202
    responses = [keyed.request("GET", "/v1/tasks/x", Origin=ORIGIN, X_Api_Key=keys["web"]) for _ in range(3)]
    assert [response.status for response in responses] == [404, 404, 429]
    assert_problem(responses[-1], 429)
    assert responses[-1].json["title"] == "Quota exceeded"
    assert keyed.request("GET", "/v1/tasks/x", X_Api_Key=keys["mobile"]).status == 404, "each key has its own quota"


def assert_problem(response: Response, status: int) -> None:
    assert (response.status, response.json["status"]) == (status, status)
    assert response.headers["Content-Type"] == PROBLEM
    assert response.headers["Access-Control-Allow-Origin"] == ORIGIN, "a page whose request is rejected can read why"


def value_of(laptop: Laptop, key_id: str) -> str:
    client: Any = laptop.clients.apigateway
    return client.get_api_key(apiKey=key_id, includeValue=True)["value"]
