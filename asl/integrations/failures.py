"""Service errors with the names and causes that Step Functions gives them.

Optimised integrations name errors as the first Java SDK does, and `aws-sdk` integrations as the second.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Final, cast

from botocore.exceptions import BotoCoreError, ClientError

from asl.core.errors import TaskFailure
from asl.definition.model import Resource

_OPTIMISED: Final = {
    "lambda": ("Lambda", "AWSLambda", "AWSLambdaException"),
    "function": ("Lambda", "AWSLambda", "AWSLambdaException"),
    "dynamodb": ("DynamoDB", "AmazonDynamoDBv2", "AmazonDynamoDBException"),
    "sqs": ("SQS", "AmazonSQS", "AmazonSQSException"),
    "sns": ("SNS", "AmazonSNS", "AmazonSNSException"),
    "events": ("EventBridge", "AmazonCloudWatchEvents", "AmazonCloudWatchEventsException"),
    "states": ("StepFunctions", "AWSStepFunctions", "AWSStepFunctionsException"),
}
"""Per optimised service: the prefix of its errors, its name in causes, and the error for unknown codes."""


@dataclass(slots=True)
class Naming:
    """How the errors of an integration are named."""

    optimised: bool
    prefix: str
    service: str
    unknown: str
    shapes: dict[str, str] = field(default_factory=dict[str, str])

    def learn(self, model: Any) -> None:
        """Learn from the service's model: the errors it declares, and the name of an `aws-sdk` service."""
        for shape in model.error_shapes:
            self.shapes[shape.error_code] = shape.name
            self.shapes.setdefault(shape.name, shape.name)
        if not self.optimised:
            self.prefix = self.service = _camel(model.metadata.get("serviceId", self.prefix))
            self.unknown = f"{self.prefix}Exception"

    def error(self, code: str) -> str:
        """The full name of the error with this code."""
        name = self.shapes.get(code)
        if name is None and self.optimised and self.prefix == "Lambda" and code.endswith("Exception"):
            name = code
        if name is None:
            return f"{self.prefix}.{self.unknown}"
        return f"{self.prefix}.{name if name.endswith('Exception') else name + 'Exception'}"


def naming_of(resource: Resource) -> Naming:
    """The naming for a resource."""
    known = _OPTIMISED.get(resource.service)
    if known is not None:
        return Naming(True, *known)
    name = _camel(resource.service.removeprefix("aws-sdk:"))
    return Naming(not resource.service.startswith("aws-sdk:"), name, name, f"{name}Exception")


def _camel(identity: str) -> str:
    """A service id as the second SDK writes it, such as `DynamoDb` or `SecretsManager`."""
    words = re.findall(r"[A-Z]+(?=[A-Z][a-z]|\d|\b|$|[ _-])|[A-Z]?[a-z]+|\d+", identity)
    return "".join(word[:1].upper() + word[1:].lower() for word in words)


def service_failure(error: ClientError, naming: Naming) -> TaskFailure:
    """The failure for an error response of the service."""
    response = cast(dict[str, Any], error.response)
    details: dict[str, Any] = response.get("Error", {})
    metadata: dict[str, Any] = response.get("ResponseMetadata", {})
    code, message = str(details.get("Code", "Unknown")), str(details.get("Message", ""))
    status, request = metadata.get("HTTPStatusCode", 400), metadata.get("RequestId", "")
    if naming.optimised:
        about = f"Service: {naming.service}; Status Code: {status}; Error Code: {code}; Request ID: {request}"
        about += "; Proxy: null"
    else:
        about = f"Service: {naming.service}, Status Code: {status}, Request ID: {request}"
        host = metadata.get("HostId")
        about += f", Extended Request ID: {host}" if naming.service == "S3" and host else ""
    return TaskFailure(naming.error(code), f"{message} ({about})")


def client_failure(error: BotoCoreError, naming: Naming) -> TaskFailure:
    """The failure for a service that cannot be reached."""
    return TaskFailure(f"{naming.prefix}.SdkClientException", f"Unable to execute HTTP request: {error}")
