"""Names and shapes of services, edge cases of function calls, and sessions, without any network call."""

import io
from datetime import UTC, datetime
from types import SimpleNamespace

import botocore.session
import pytest

from asl import TaskFailure
from asl.core.errors import BadArguments
from asl.integrations import sessions
from asl.integrations.lambdas import invoke
from asl.integrations.services import client_name, operation_name
from asl.integrations.shapes import request_of, response_of


@pytest.mark.parametrize(
    ("service", "name"),
    [("dynamodb", "dynamodb"), ("aws-sdk:sfn", "stepfunctions"), ("aws-sdk:cognitoidp", "cognito-idp")],
)
def test_a_service_in_an_arn_has_a_client(service, name):
    assert client_name(service) == name


def test_an_unknown_service_or_action_is_rejected(monkeypatch):
    models = {"ab-c": SimpleNamespace(metadata={"serviceId": "Long Name"})}
    fake = SimpleNamespace(get_available_services=lambda: list(models), get_service_model=models.__getitem__)
    monkeypatch.setattr(botocore.session, "get_session", lambda: fake)
    assert client_name("aws-sdk:longname") == "ab-c"
    with pytest.raises(BadArguments, match="botocore knows no service 'nosuch'"):
        client_name("nosuch")
    client = SimpleNamespace(meta=SimpleNamespace(service_model=SimpleNamespace(operation_names=["GetIt"])))
    assert operation_name(client, "getIt") == "GetIt"
    with pytest.raises(BadArguments, match="no action 'putIt'"):
        operation_name(client, "putIt")


def shape(kind, **fields):
    """A shape of a service's model."""
    return SimpleNamespace(type_name=kind, required_members=[], **fields)


TEXT = shape("string")
EVERYTHING = shape(
    "structure",
    members={
        "text": TEXT,
        "blob": shape("blob"),
        "ratio": shape("double"),
        "list": shape("list", member=TEXT),
        "map": shape("map", value=TEXT),
        "count": shape("integer"),
    },
)


def test_arguments_take_the_types_of_the_model():
    given = {"Text": {"a": 1}, "Blob": "x", "Ratio": 1, "List": ["a", [1]], "Map": {"K": "v"}, "Count": 2}
    wanted = {"text": '{"a":1}', "blob": b"x", "ratio": 1.0, "list": ["a", "[1]"], "map": {"K": "v"}, "count": 2}
    assert request_of(EVERYTHING, given) == wanted
    assert request_of(None, given) == {}


def test_a_missing_required_field_is_named():
    required = SimpleNamespace(type_name="structure", members={"name": TEXT}, required_members=["name"])
    with pytest.raises(BadArguments, match="The field 'Name' is required but was missing"):
        request_of(required, {})


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (b"text", "text"),
        (b"\xff", "/w=="),
        (io.BytesIO(b"stream"), "stream"),
        (datetime(2027, 1, 2, tzinfo=UTC), "2027-01-02T00:00:00Z"),
        (datetime(2027, 1, 2, 0, 0, 0, 5000, tzinfo=UTC), "2027-01-02T00:00:00.005Z"),
    ],
)
def test_responses_become_json(value, json):
    response = {"text": value, "list": [value] if isinstance(value, str) else [], "map": {"k": 1}, "unknown": 1}
    assert response_of(EVERYTHING, response) == {"Text": json, "List": [], "Map": {"k": 1}}


def test_an_action_without_a_response_returns_an_empty_object():
    assert response_of(None, {"a": 1}) == {}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [({"Name": "f"}, 'The field "Name" is not supported'), ({}, "The field 'FunctionName' is required")],
)
def test_a_function_call_requires_its_fields(arguments, text):
    with pytest.raises(BadArguments, match=text):
        invoke(None, arguments)


def test_a_function_error_without_a_type_is_unknown():
    response = {"FunctionError": "Unhandled", "Payload": io.BytesIO(b"not json")}
    with pytest.raises(TaskFailure) as caught:
        invoke(SimpleNamespace(invoke=lambda **_: response), {"FunctionName": "f"})
    assert (caught.value.error, caught.value.cause) == ("Lambda.Unknown", "not json")


def test_a_session_assumes_the_given_role(monkeypatch):
    made, calls = [], []

    class Session:
        def __init__(self, **options):
            made.append(options)

        def client(self, service, **options):
            calls.append((service, options))
            keys = {"AccessKeyId": "a", "SecretAccessKey": "b", "SessionToken": "c"}
            return SimpleNamespace(assume_role=lambda **_: {"Credentials": keys})

    monkeypatch.setattr(sessions.boto3, "Session", Session)
    sessions.service_tasks("us-east-1", None, None)
    assert (made, calls) == ([{"region_name": "us-east-1"}], [])
    sessions.service_tasks("us-east-1", "http://localhost:1", "arn:role")
    assert calls == [("sts", {"endpoint_url": "http://localhost:1"})]
    assert made[-1]["aws_session_token"] == "c"
