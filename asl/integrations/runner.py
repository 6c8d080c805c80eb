"""Dispatches a task to the service that its resource names."""

import threading
from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

import boto3
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from asl.core.errors import BadArguments, TaskFailure
from asl.core.templates import Json, compact
from asl.definition.model import Resource
from asl.execution.tasks import TaskRequest
from asl.integrations.failures import Naming, client_failure, naming_of, service_failure
from asl.integrations.lambdas import call_function, invoke
from asl.integrations.metadata import sdk_metadata
from asl.integrations.services import client_name, operation_name
from asl.integrations.shapes import request_of, response_of

Clients: TypeAlias = Callable[[str], Any]
"""Returns the botocore client of a service, the same one on each call."""

_SERIALISED: Final = {
    "sqs": {"MessageBody"},
    "sns": {"Message"},
    "events": {"Detail"},
    "states": {"Input"},
}
"""Fields of optimised integrations that accept any JSON and send it as text."""


def clients_of(session: boto3.Session, **options: Any) -> Clients:
    """Clients made from a session, one per service. `options` are those of `Session.client`."""
    made: dict[str, Any] = {}
    lock = threading.Lock()

    def client(service: str) -> Any:
        # Making a client is the one part of boto3 that is not thread-safe.
        with lock:
            if service not in made:
                factory = cast(Any, session).client
                made[service] = factory(service, **options)
            return made[service]

    return client


class ServiceTasks:
    """Runs tasks through botocore clients. Threads may share it."""

    blocking = True

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def run(self, request: TaskRequest) -> Json:
        """The service's response in the form in which Step Functions passes it on."""
        resource = request.resource
        if request.credentials is not None:
            raise BadArguments("Credentials are not supported by this runner")
        naming = naming_of(resource)
        try:
            if resource.is_function:
                return call_function(self._clients("lambda"), resource.arn, request.arguments)
            arguments = _object(request.arguments)
            if resource.service == "lambda" and resource.action == "invoke":
                return invoke(self._clients("lambda"), arguments)
            return self._call(resource, arguments, naming)
        except ParamValidationError as error:
            raise BadArguments(str(error)) from error
        except ClientError as error:
            raise service_failure(error, naming) from error
        except BotoCoreError as error:
            raise client_failure(error, naming) from error

    def _call(self, resource: Resource, arguments: dict[str, Json], naming: Naming) -> Json:
        client = self._clients(client_name(resource.service))
        operation = operation_name(client, resource.action)
        model = client.meta.service_model.operation_model(operation)
        parameters = request_of(model.input_shape, _serialised(resource.service, arguments))
        naming.learn(client.meta.service_model)
        response: dict[str, Any] = client._make_api_call(operation, parameters)
        metadata = response.pop("ResponseMetadata", {})
        result = response_of(model.output_shape, response)
        if naming.optimised:
            result |= sdk_metadata(metadata)
            _check_entries(resource.service, result)
        return result


def _object(arguments: Json) -> dict[str, Json]:
    if not isinstance(arguments, dict):
        raise BadArguments("The value must be an object")
    return cast(dict[str, Json], arguments)


def _serialised(service: str, arguments: dict[str, Json]) -> dict[str, Json]:
    fields = _SERIALISED.get(service, set[str]())
    return {key: _with_text(key, value, fields) for key, value in arguments.items()}


def _with_text(key: str, value: Json, fields: set[str]) -> Json:
    if key in fields:
        return value if isinstance(value, str) else compact(value)
    if key == "Entries" and isinstance(value, list) and fields:
        return [_serialised_entry(entry, fields) for entry in cast(list[Any], value)]
    return cast(Json, value)


def _serialised_entry(entry: Any, fields: set[str]) -> Json:
    if not isinstance(entry, dict):
        return entry
    return {key: _with_text(key, item, fields) for key, item in cast(dict[str, Json], entry).items()}


def _check_entries(service: str, result: dict[str, Json]) -> None:
    if service == "events" and result.get("FailedEntryCount"):
        raise TaskFailure("EventBridge.FailedEntry", compact(result))
