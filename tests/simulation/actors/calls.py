"""The AWS calls of state machine and handlers, served by the simulated world with the faults of its plan."""

import functools
import json
from typing import Any

from botocore.exceptions import ClientError, ReadTimeoutError

from asl import Taking, TaskFailure, TaskRequest
from functions import processor
from functions.adapters.queue import SQSTaskQueue
from testing.services.calls import Calls, SimulatedContext, invoke, perform, send_dead_letter
from testing.services.clients import Call, InMemoryDynamoDB, InMemorySQS
from testing.services.count_table import TransactionCanceledError
from testing.services.gate_table import InMemoryTables
from tests.simulation.actors.stepped import step
from tests.simulation.world.faults import Fault, Faults
from tests.simulation.world.world import World, short_name

NEVER = 1e9
LONG_SECONDS = 10
"""What has more time than this takes it."""
_THROTTLES = {
    "aws-sdk:dynamodb": "DynamoDb.ThrottlingException",
    "dynamodb": "DynamoDB.ThrottlingException",
    "lambda": "Lambda.TooManyRequestsException",
    "sqs": "SQS.AmazonSQSException",
    "states": "StepFunctions.ThrottlingException",
}
_MISSING_RESOURCE = {
    "aws-sdk:dynamodb": "DynamoDb.ResourceNotFoundException",
    "dynamodb": "DynamoDB.ResourceNotFoundException",
    "lambda": "Lambda.ResourceNotFoundException",
    "sqs": "SQS.QueueDoesNotExistException",
    "states": "StepFunctions.StateMachineDoesNotExistException",
}
_ERROR_RESPONSES = {
    "aws-sdk:dynamodb": "DynamoDb.InternalServerErrorException",
    "dynamodb": "DynamoDB.InternalServerErrorException",
    "lambda": "Lambda.SdkClientException",
    "sqs": "SQS.SdkClientException",
    "states": "StepFunctions.SdkClientException",
}
_CANCELLED = "DynamoDb.TransactionCanceledException"
_CONFLICT = (
    "Transaction cancelled, please refer cancellation reasons for specific reasons [None, TransactionConflict] "
    "(Service: DynamoDb, Status Code: 400, Request ID: simulated)"
)

LambdaContext = SimulatedContext


class SimulatedTasks:
    """Runs the Task states of all executions. A call takes effect immediately; its response takes a while.

    Where no key is ever closed (`gated` is false), reading its gate is no step of its own: these schedules are those
    that they were before there were gates, and the seeds that catch mistakes still do.
    """

    blocking = False

    def __init__(self, world: World, faults: Faults, *, gated: bool = True) -> None:
        self._world = world
        self._gated = gated
        self.faults = faults
        self._calls: Calls = {
            ("dynamodb", "updateItem"): world.machine_tables.update_item,
            ("dynamodb", "getItem"): world.machine_tables.get_item,
            ("aws-sdk:dynamodb", "transactWriteItems"): world.machine_tables.transact_write_items,
            ("sqs", "sendMessage"): functools.partial(send_dead_letter, world.dead_letters),
            ("lambda", "invoke"): self._invoke,
            ("states", "startExecution"): world.executions.start,
        }

    def run(self, request: TaskRequest) -> Taking:
        """`TaskRunner.run` of the Express runner."""
        if request.state == "CheckGate" and not self._gated:
            return Taking(0, {})
        fault = self.faults.on_call(self._world.now())
        if refusal := self._refusal(request, fault):
            return self._promptly(refusal)
        if fault is Fault.LOST_REQUEST:
            return Taking(NEVER, None)
        try:
            result = perform(self._calls, request)
        except TaskFailure as failure:
            result = failure
        if fault is Fault.LOST_RESPONSE:
            return Taking(NEVER, None)
        if fault is Fault.ERROR_RESPONSE:
            return self._promptly(
                TaskFailure(_ERROR_RESPONSES[request.resource.service], "Unable to execute HTTP request")
            )
        return self._in_time(request, fault, result)

    def _in_time(self, request: TaskRequest, fault: Fault | None, result: Any) -> Taking:
        if fault is Fault.SLOW:
            return Taking(self.faults.rng.uniform(0.5, 2.5), result)
        if request.timeout is not None and request.timeout > LONG_SECONDS and request.token is None:
            return Taking(self.faults.rng.uniform(0.5, 25.0), result)
        return self._promptly(result)

    def _refusal(self, request: TaskRequest, fault: Fault | None) -> TaskFailure | None:
        """The error of a call that takes no effect; None if it does, or never arrives."""
        service, now = request.resource.service, self._world.now()
        if request.resource.action == "transactWriteItems" and self.faults.conflicts(now):
            return TaskFailure(_CANCELLED, _CONFLICT)
        if fault is Fault.THROTTLED or (service == "lambda" and self.faults.throttles(now)):
            return TaskFailure(_THROTTLES[service], "Rate exceeded")
        if fault is Fault.MISSING_RESOURCE:
            return TaskFailure(_MISSING_RESOURCE[service], "the resource does not exist")
        return None

    def _promptly(self, result: Any) -> Taking:
        return Taking(self.faults.rng.uniform(0.002, 0.02), result)

    def _invoke(self, arguments: dict[str, Any]) -> dict[str, Any]:
        event = json.loads(json.dumps(arguments["Payload"]))
        self._world.running_execution = short_name(event["execution"])
        return invoke(processor.handler, event, LambdaContext())


class SimulatedDynamoDB(InMemoryDynamoDB):
    """The handlers' DynamoDB client, with the faults of a plan."""

    def __init__(self, world: World, faults: Faults, tables: InMemoryTables | None = None) -> None:
        super().__init__(world.table, self._faulty, world.update_from_handler)
        self._tables = tables or world.handler_tables
        self._world = world
        self._faults = faults

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        """TransactWriteItems, which another transaction may interfere with."""
        if self._faults.on_call(self._world.now()) is Fault.SLOW:
            step()
            raise TransactionCanceledError("TransactionConflict")
        return super().transact_write_items(**request)

    def _faulty(self, operation: str, call: Call) -> dict[str, Any]:
        """boto3 retries a write after a lost response, and the retry finds what the first attempt wrote."""
        step()
        fault = self._faults.on_call(self._world.now())
        _fail_before(fault, operation)
        response = call()
        if operation in ("PutItem", "UpdateItem") and fault in (Fault.LOST_RESPONSE, Fault.ERROR_RESPONSE):
            response = call()
        return response


class SimulatedSQS(InMemorySQS):
    """The handlers' SQS client, with the faults of a plan."""

    def __init__(self, world: World, faults: Faults) -> None:
        super().__init__(world.send, world.dead_letters, self._faulty)
        self._world = world
        self._faults = faults

    def send_message(self, **request: Any) -> dict[str, Any]:
        """SendMessage, to the lane that the URL names."""
        names = ("MessageBody", "MessageGroupId", "MessageDeduplicationId", "QueueUrl")
        sent = [request[name] for name in names]
        return self._perform("SendMessage", lambda: {"MessageId": self._world.send(*sent)})

    def get_queue_attributes(self, **request: Any) -> dict[str, Any]:
        """GetQueueAttributes of a lane's queue."""
        lanes = self._world.lanes
        assert lanes is not None
        asked: list[str] = request["AttributeNames"]

        def read() -> dict[str, Any]:
            known = lanes.attributes(request["QueueUrl"])
            return {"Attributes": {name: known[name] for name in asked}}

        return self._perform("GetQueueAttributes", read)

    def _faulty(self, operation: str, call: Call) -> dict[str, Any]:
        """A lost response to a message that was sent looks like a failure to the caller."""
        step()
        fault = self._faults.on_call(self._world.now())
        _fail_before(fault, operation)
        if operation in ("DeleteMessage", "ChangeMessageVisibility") and self._faults.loses_delete(self._world.now()):
            return {}
        response = call()
        if operation == "SendMessage" and fault is Fault.LOST_RESPONSE:
            raise ReadTimeoutError(endpoint_url="simulated")
        return response


def task_queue(world: World, client: SimulatedSQS) -> SQSTaskQueue:
    """The real adapter of the task queue, or of the lanes, by the clocks of several hosts."""
    queues: Any = client
    if world.lanes is None:
        return SQSTaskQueue("queue", queues)
    return SQSTaskQueue(world.lanes.lanes(), queues, world.lanes.senders_clock)


def _fail_before(fault: Fault | None, operation: str) -> None:
    if fault in (Fault.THROTTLED, Fault.MISSING_RESOURCE):
        raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "Rate exceeded"}}, operation)
    if fault is Fault.LOST_REQUEST:
        raise ReadTimeoutError(endpoint_url="simulated")
