"""The AWS calls of state machine and handlers, served by the simulated world with the faults of its plan."""

import json
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from asl import Taking, TaskFailure, TaskRequest
from functions import processor
from tests.simulation.actors.stepped import step
from tests.simulation.world.faults import Fault, Faults
from tests.simulation.world.table import ConditionalCheckFailedError
from tests.simulation.world.world import World

NEVER = 1e9
_THROTTLES = {
    "dynamodb": "DynamoDB.ThrottlingException",
    "lambda": "Lambda.TooManyRequestsException",
    "sqs": "SQS.AmazonSQSException",
}
_MISSING_RESOURCE = {
    "dynamodb": "DynamoDB.ResourceNotFoundException",
    "lambda": "Lambda.ResourceNotFoundException",
    "sqs": "SQS.QueueDoesNotExistException",
}
_ERROR_RESPONSES = {
    "dynamodb": "DynamoDB.InternalServerErrorException",
    "lambda": "Lambda.SdkClientException",
    "sqs": "SQS.SdkClientException",
}


class LambdaContext:
    """The part of Lambda's context that Powertools and the processor read."""

    function_name = "processor"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:processor"
    aws_request_id = "simulated"

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


class SimulatedTasks:
    """Runs the Task states of all executions. A call takes effect immediately; its response takes a while."""

    blocking = False

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self.faults = faults

    def run(self, request: TaskRequest) -> Taking:
        """`TaskRunner.run` of the Express runner."""
        service = request.resource.service
        now = self._world.now()
        fault = self.faults.on_call(now)
        if fault is Fault.THROTTLED or (service == "lambda" and self.faults.throttles(now)):
            return self._promptly(TaskFailure(_THROTTLES[service], "Rate exceeded"))
        if fault is Fault.MISSING_RESOURCE:
            return self._promptly(TaskFailure(_MISSING_RESOURCE[service], "the resource does not exist"))
        if fault is Fault.LOST_REQUEST:
            return Taking(NEVER, None)
        try:
            result = self._perform(service, request.resource.action, request.arguments)
        except TaskFailure as failure:
            result = failure
        if fault is Fault.LOST_RESPONSE:
            return Taking(NEVER, None)
        if fault is Fault.ERROR_RESPONSE:
            return self._promptly(TaskFailure(_ERROR_RESPONSES[service], "Unable to execute HTTP request"))
        if fault is Fault.SLOW:
            return Taking(self.faults.rng.uniform(0.5, 2.5), result)
        return self._promptly(result)

    def _promptly(self, result: Any) -> Taking:
        return Taking(self.faults.rng.uniform(0.002, 0.02), result)

    def _perform(self, service: str, action: str, arguments: Any) -> Any:
        calls: dict[tuple[str, str], Callable[[Any], Any]] = {
            ("dynamodb", "updateItem"): self._world.update_from_machine,
            ("dynamodb", "getItem"): self._world.table.get_item,
            ("sqs", "sendMessage"): self._world.send_dead_letter,
            ("lambda", "invoke"): self._invoke,
        }
        try:
            return calls[service, action](arguments)
        except ConditionalCheckFailedError as error:
            raise TaskFailure("DynamoDB.ConditionalCheckFailedException", "The conditional request failed") from error

    def _invoke(self, arguments: dict[str, Any]) -> dict[str, Any]:
        event = json.loads(json.dumps(arguments["Payload"]))
        self._world.running_execution = event["execution"]
        return _run_processor(event)


def _run_processor(event: dict[str, Any]) -> dict[str, Any]:
    try:
        payload = processor.handler(event, LambdaContext())  # pyright: ignore[reportArgumentType]
    except Exception as error:
        cause = {"errorMessage": str(error), "errorType": type(error).__name__, "stackTrace": []}
        raise TaskFailure(type(error).__name__, json.dumps(cause)) from error
    return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": payload}


class SimulatedDynamoDB:
    """The handlers' DynamoDB client."""

    class exceptions:  # noqa: N801 boto3's name
        """boto3's modelled errors."""

        ConditionalCheckFailedException = ConditionalCheckFailedError

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults

    def put_item(self, **request: Any) -> dict[str, Any]:
        """PutItem. boto3 retries after a lost response, and the retry finds the item of the first attempt."""
        step()
        fault = self._faults.on_call(self._world.now())
        _fail_before(fault, "PutItem")
        request = json.loads(json.dumps(request))  # a request is text: no enums get through
        response = self._world.table.put_item(request)
        if fault in (Fault.LOST_RESPONSE, Fault.ERROR_RESPONSE):
            self._world.table.put_item(request)
        return response

    def get_item(self, **request: Any) -> dict[str, Any]:
        """GetItem."""
        step()
        _fail_before(self._faults.on_call(self._world.now()), "GetItem")
        return self._world.table.get_item(request)

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """BatchGetItem."""
        return self._read("BatchGetItem", self._world.table.batch_get_item, request)

    def query(self, **request: Any) -> dict[str, Any]:
        """Query of an index."""
        return self._read("Query", self._world.table.query, request)

    def scan(self, **request: Any) -> dict[str, Any]:
        """Scan of the index."""
        return self._read("Scan", self._world.table.scan, request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        """UpdateItem. boto3 retries after a lost response, and the retry finds what the first attempt wrote."""
        step()
        fault = self._faults.on_call(self._world.now())
        _fail_before(fault, "UpdateItem")
        request = json.loads(json.dumps(request))  # a request is text: no enums get through
        response = self._world.update_from_handler(request)
        if fault in (Fault.LOST_RESPONSE, Fault.ERROR_RESPONSE):
            response = self._world.update_from_handler(request)
        return response

    def _read(self, operation: str, read: Callable[[dict[str, Any]], Any], request: dict[str, Any]) -> dict[str, Any]:
        step()
        _fail_before(self._faults.on_call(self._world.now()), operation)
        return read(request)


class SimulatedSQS:
    """The handlers' SQS client."""

    def __init__(self, world: World, faults: Faults) -> None:
        self._world = world
        self._faults = faults

    def send_message(self, **request: Any) -> dict[str, Any]:
        """SendMessage. A lost response looks like a failure to the caller."""
        step()
        fault = self._faults.on_call(self._world.now())
        _fail_before(fault, "SendMessage")
        message_id = self._world.send(
            request["MessageBody"], request["MessageGroupId"], request["MessageDeduplicationId"]
        )
        if fault is Fault.LOST_RESPONSE:
            raise ReadTimeoutError(endpoint_url="simulated")
        return {"MessageId": message_id}

    def receive_message(self, **request: Any) -> dict[str, Any]:
        """ReceiveMessage from the dead-letter queue."""
        step()
        _fail_before(self._faults.on_call(self._world.now()), "ReceiveMessage")
        received: list[dict[str, Any]] = []
        while len(received) < request["MaxNumberOfMessages"]:
            stored = self._world.dead_letters.receive(request["VisibilityTimeout"])
            if stored is None:
                break
            attributes = {"MessageGroupId": stored.group, "SentTimestamp": str(int(stored.sent_at * 1000))}
            received.append(
                {
                    "MessageId": stored.message_id,
                    "ReceiptHandle": stored.receipt_handle,
                    "Body": stored.body,
                    "Attributes": attributes,
                }
            )
        return {"Messages": received}

    def delete_message(self, **request: Any) -> dict[str, Any]:
        """DeleteMessage on the dead-letter queue."""
        return self._change(self._world.dead_letters.delete, "DeleteMessage", request)

    def change_message_visibility(self, **request: Any) -> dict[str, Any]:
        """ChangeMessageVisibility on the dead-letter queue, always to zero."""
        return self._change(self._world.dead_letters.make_visible, "ChangeMessageVisibility", request)

    def _change(self, change: Callable[[str], None], operation: str, request: dict[str, Any]) -> dict[str, Any]:
        step()
        _fail_before(self._faults.on_call(self._world.now()), operation)
        if not self._faults.loses_delete(self._world.now()):
            change(request["ReceiptHandle"])
        return {}


def _fail_before(fault: Fault | None, operation: str) -> None:
    if fault in (Fault.THROTTLED, Fault.MISSING_RESOURCE):
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, operation)
    if fault is Fault.LOST_REQUEST:
        raise ReadTimeoutError(endpoint_url="simulated")
