"""Tasks that run through botocore clients."""

import io
import json

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from moto import mock_aws

from asl import TaskFailure, TaskRequest
from asl.core.errors import BadArguments
from asl.definition.model import Resource
from asl.definition.resources import read_resource
from asl.integrations import ServiceTasks, clients_of
from asl.integrations.failures import naming_of, service_failure

FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"


def request(resource: str, arguments):
    """A request for a resource ARN."""
    arn = resource if resource.startswith("arn:") else f"arn:aws:states:::{resource}"
    return TaskRequest(state="T", resource=read_resource(arn), arguments=arguments)


@pytest.fixture
def tasks(monkeypatch):
    """Tasks on a simulated AWS with a table `t` and a queue `q`."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with mock_aws():
        session = boto3.Session(region_name="us-east-1")
        session.client("dynamodb").create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        session.client("sqs").create_queue(QueueName="q")
        yield ServiceTasks(clients_of(session))


PUT = {"TableName": "t", "Item": {"pk": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(pk)"}


def test_dynamodb_items_are_put_and_read(tasks):
    put = tasks.run(request("dynamodb:putItem", PUT))
    assert put["SdkHttpMetadata"]["HttpStatusCode"] == 200
    got = tasks.run(request("dynamodb:getItem", {"TableName": "t", "Key": {"pk": {"S": "a"}}}))
    assert got["Item"] == {"pk": {"S": "a"}}
    assert got["SdkResponseMetadata"].keys() == {"RequestId"}


def test_sdk_calls_carry_no_metadata(tasks):
    got = tasks.run(request("aws-sdk:dynamodb:getItem", {"TableName": "t", "Key": {"pk": {"S": "zz"}}}))
    assert got == {}


@pytest.mark.parametrize(
    ("resource", "name", "service"),
    [
        (
            "dynamodb:putItem",
            "DynamoDB.ConditionalCheckFailedException",
            "(Service: AmazonDynamoDBv2; Status Code: 400;",
        ),
        (
            "aws-sdk:dynamodb:putItem",
            "DynamoDb.ConditionalCheckFailedException",
            "(Service: DynamoDb, Status Code: 400,",
        ),
    ],
)
def test_errors_of_a_service_have_the_names_and_words_of_its_integration(tasks, resource, name, service):
    tasks.run(request(resource, PUT))
    with pytest.raises(TaskFailure) as caught:
        tasks.run(request(resource, PUT))
    assert caught.value.error == name
    assert caught.value.cause is not None
    assert caught.value.cause.startswith(f"The conditional request failed {service} ")


def test_message_bodies_may_be_any_json(tasks):
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/q"
    sent = tasks.run(request("sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"a": [1]}}))
    assert sent["MD5OfMessageBody"]
    received = tasks.run(request("aws-sdk:sqs:receiveMessage", {"QueueUrl": url}))
    assert received["Messages"][0]["Body"] == '{"a":[1]}'


def test_fields_that_an_action_does_not_have_are_rejected(tasks):
    with pytest.raises(BadArguments, match='The field "Tabel" is not supported by Step Functions'):
        tasks.run(request("dynamodb:getItem", {"Tabel": "t"}))


class Function:
    """A Lambda client whose function always returns the same payload."""

    def __init__(self, payload, **response):
        self.response = {"StatusCode": 200, "ExecutedVersion": "$LATEST", **response}
        self.payload = payload
        self.received = {}

    def invoke(self, **parameters):
        self.received = parameters
        headers = {"HTTPStatusCode": 200, "RequestId": "r", "HTTPHeaders": {"x-amzn-requestid": "r"}}
        return {**self.response, "Payload": io.BytesIO(self.payload), "ResponseMetadata": headers}


def test_invoking_a_function_parses_its_payload_and_adds_the_metadata_of_the_call():
    function = Function(b'{"ok":true}')
    result = ServiceTasks(lambda _: function).run(request("lambda:invoke", {"FunctionName": "f", "Payload": {"é": 1}}))
    assert json.loads(function.received["Payload"]) == {"é": 1}
    assert result == {
        "ExecutedVersion": "$LATEST",
        "Payload": {"ok": True},
        "SdkHttpMetadata": {
            "AllHttpHeaders": {"x-amzn-RequestId": ["r"]},
            "HttpHeaders": {"x-amzn-RequestId": "r"},
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": "r"},
        "StatusCode": 200,
    }


def test_a_bare_function_arn_returns_the_payload_alone():
    function = Function(b"[1]")
    assert ServiceTasks(lambda _: function).run(request(FUNCTION, {"a": 1})) == [1]
    assert function.received["FunctionName"] == FUNCTION


def test_an_error_of_a_function_has_its_type_and_its_raw_payload():
    payload = b'{"errorMessage": "no", "errorType": "Refused"}'
    function = Function(payload, FunctionError="Unhandled")
    with pytest.raises(TaskFailure) as caught:
        ServiceTasks(lambda _: function).run(request("lambda:invoke", {"FunctionName": "f"}))
    assert (caught.value.error, caught.value.cause) == ("Refused", payload.decode())


def test_a_service_that_cannot_be_reached_is_a_client_error():
    def unreachable(_service):
        raise EndpointConnectionError(endpoint_url="http://localhost:1")

    with pytest.raises(TaskFailure) as caught:
        ServiceTasks(unreachable).run(request("sqs:sendMessage", {"QueueUrl": "u", "MessageBody": "m"}))
    assert caught.value.error == "SQS.SdkClientException"


@pytest.mark.parametrize(
    ("service", "code", "name"),
    [
        ("dynamodb", "ValidationException", "DynamoDB.AmazonDynamoDBException"),
        ("sqs", "InvalidSomething", "SQS.AmazonSQSException"),
        ("lambda", "ResourceNotFoundException", "Lambda.ResourceNotFoundException"),
        ("aws-sdk:secretsmanager", "Odd", "Secretsmanager.SecretsmanagerException"),
    ],
)
def test_codes_that_a_service_does_not_declare_have_its_general_error_name(service, code, name):
    error = ClientError({"Error": {"Code": code, "Message": "m"}}, "Op")
    assert service_failure(error, naming_of(Resource(arn="", service=service, action=""))).error == name
