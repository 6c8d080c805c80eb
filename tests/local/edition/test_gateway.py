"""The API as integrators meet it on the laptop: documents, other origins, methods, keys and limits."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.local.laptop import Answer, Laptop

ORIGIN = "https://app.example"
PROBLEM = "application/problem+json"
KEYED = {
    "taskline:apiKeyRequired": True,
    "taskline:apiClients": "web,mobile",
    "taskline:keyQuotaPerDay": 3,
    "taskline:corsOrigins": f"{ORIGIN},https://other.example",
}


def test_the_document_is_served_and_names_every_path_that_answers(laptop: Laptop) -> None:
    answer = laptop.request("GET", "/v1/openapi.json")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "application/json")
    for path, operations in answer.json["paths"].items():
        declared = {method.upper() for method in operations}
        refused = laptop.request("PATCH", f"/v1{path.replace('{task_id}', 'x')}")
        assert refused.status == 405
        assert declared < set(refused.headers["Allow"].split(", ")), path


def test_the_page_is_readable_without_any_network(laptop: Laptop) -> None:
    answer = laptop.request("GET", "/v1/docs")
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; ")
    html = answer.body.decode()
    assert "<h1>Taskline</h1>" in html
    assert "http:" not in html
    assert "https:" not in html


def test_a_long_answer_is_compressed_for_who_asks(laptop: Laptop) -> None:
    plain = laptop.request("GET", "/v1/openapi.json")
    packed = laptop.request("GET", "/v1/openapi.json", Accept_Encoding="gzip")
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert "Content-Encoding" not in laptop.request("GET", "/v1/health", Accept_Encoding="gzip").headers


def test_head_is_answered_as_get_is(laptop: Laptop) -> None:
    for path, status in (("/v1/health", 200), ("/v1/docs", 200), ("/v1/tasks/no-such-task", 404)):
        head, get = laptop.request("HEAD", path), laptop.request("GET", path)
        assert (head.status, get.status, head.body) == (status, status, b"")
        assert head.headers["Content-Type"] == get.headers["Content-Type"]
    assert laptop.request("HEAD", "/v1/tasks/batch").status == 405


def test_a_web_page_may_ask_first_and_then_post(laptop: Laptop) -> None:
    asked = laptop.request(
        "OPTIONS", "/v1/tasks", Origin=ORIGIN, Access_Control_Request_Method="POST", Access_Control_Request_Headers="x"
    )
    assert (asked.status, asked.body) == (204, b"")
    assert "POST" in asked.headers["Access-Control-Allow-Methods"].split(", ")
    assert "Content-Type" in asked.headers["Access-Control-Allow-Headers"].split(", ")
    assert asked.headers["Access-Control-Allow-Origin"] == "*"


def test_a_web_page_can_read_every_kind_of_answer(laptop: Laptop) -> None:
    for method, path, status in (
        ("GET", "/v1/health", 200),
        ("POST", "/v1/tasks", 400),
        ("DELETE", "/v1/tasks", 405),
        ("GET", "/v1/no/such/path", 404),
    ):
        body = b"{" if method == "POST" else None
        answer = laptop.request(method, path, body, Origin=ORIGIN, Content_Type="application/json")
        assert answer.status == status
        assert answer.headers["Access-Control-Allow-Origin"] == "*", f"{method} {path}"


def test_operators_sign_and_the_laptop_knows_the_root_user_alone(new_laptop: Callable[..., Laptop]) -> None:
    laptop = new_laptop(**{"taskline:operatorAuthorization": "iam"})
    laptop.start()
    assert laptop.request("GET", "/v1/breaker").status == 404, "the gateway has one error for both"
    assert signed(laptop, Credentials("test", "any")).json["state"] == "closed"
    role = laptop.clients.iam.get_role(RoleName=laptop.outputs["pipe_name"])["Role"]["Arn"]
    assumed = laptop.clients.sts.assume_role(RoleArn=role, RoleSessionName="a-test")["Credentials"]
    known = Credentials(assumed["AccessKeyId"], assumed["SecretAccessKey"], assumed["SessionToken"])
    for refused in (signed(laptop, known), signed(laptop, Credentials("AKIAUNKNOWN", "any"))):
        assert (refused.status, refused.json["title"]) == (403, "Forbidden")


def signed(laptop: Laptop, credentials: Credentials) -> Answer:
    wanted = AWSRequest("GET", f"{laptop.api}/breaker")
    SigV4Auth(credentials, "execute-api", laptop.runtime["region"]).add_auth(wanted)
    return laptop.request("GET", "/v1/breaker", None, **dict(wanted.headers.items()))


@pytest.fixture
def keyed(new_laptop: Callable[..., Laptop]) -> Laptop:
    laptop = new_laptop(**KEYED)
    laptop.start()
    return laptop


def test_keys_are_asked_for_and_are_good_for_so_much_and_no_more(keyed: Laptop) -> None:
    assert keyed.request("GET", "/v1/health").status == 200, "monitors need no key"
    document = keyed.request("GET", "/v1/openapi.json").json
    assert document["paths"]["/tasks"]["post"]["security"] == [{"api_key": []}]
    asked = keyed.request("OPTIONS", "/v1/tasks", Origin=ORIGIN)
    assert (asked.status, asked.headers["Access-Control-Allow-Origin"]) == (204, ORIGIN), "browsers send none here"
    assert "Access-Control-Allow-Origin" not in keyed.request("OPTIONS", "/v1/tasks", Origin="https://evil").headers

    assert_problem(keyed.request("GET", "/v1/tasks/x", Origin=ORIGIN), 403)
    assert_problem(keyed.request("GET", "/v1/tasks/x", Origin=ORIGIN, X_Api_Key="wrong"), 403)
    assert keyed.request("HEAD", "/v1/tasks/x").status == 403, "no way round"
    keys = {client: value_of(keyed, key_id) for client, key_id in keyed.outputs["api_key_ids"].items()}
    assert keys.keys() == {"web", "mobile"}
    task = json.dumps({"title": "A title", "description": "A description", "priority": "low"}).encode()
    accepted = keyed.request("POST", "/v1/tasks", task, X_Api_Key=keys["web"], Content_Type="application/json")
    assert accepted.status == 202
    answers = [keyed.request("GET", "/v1/tasks/x", Origin=ORIGIN, X_Api_Key=keys["web"]) for _ in range(3)]
    assert [answer.status for answer in answers] == [404, 404, 429]
    assert_problem(answers[-1], 429)
    assert answers[-1].json["title"] == "Quota exceeded"
    assert keyed.request("GET", "/v1/tasks/x", X_Api_Key=keys["mobile"]).status == 404, "each key has its own quota"


def assert_problem(answer: Answer, status: int) -> None:
    assert (answer.status, answer.json["status"]) == (status, status)
    assert answer.headers["Content-Type"] == PROBLEM
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN, "the page that is refused can read why"


def value_of(laptop: Laptop, key_id: str) -> str:
    client: Any = laptop.clients.apigateway
    return client.get_api_key(apiKey=key_id, includeValue=True)["value"]
