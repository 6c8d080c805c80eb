"""From the names in resource ARNs to those of botocore."""

from functools import lru_cache
from typing import Any, Final

import botocore.session

from asl.core.errors import BadArguments

_CLIENTS: Final = {
    "states": "stepfunctions",
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "cloudwatchevents": "events",
    "cognitoidentityprovider": "cognito-idp",
    "elasticloadbalancingv2": "elbv2",
    "costexplorer": "ce",
}
"""Services whose name in ARNs is not botocore's name without hyphens."""


@lru_cache(maxsize=256)
def client_name(service: str) -> str:
    """The name of the botocore client for the service in a resource ARN."""
    name = service.removeprefix("aws-sdk:").lower()
    if name in _CLIENTS:
        return _CLIENTS[name]
    session: Any = botocore.session.get_session()
    for candidate in session.get_available_services():
        if candidate.replace("-", "") == name:
            return candidate
    return _by_service_id(session, name)


def _by_service_id(session: Any, name: str) -> str:
    # Reading all models takes seconds, but only rare services need it, and only once.
    for candidate in session.get_available_services():
        identity: str = session.get_service_model(candidate).metadata.get("serviceId", "")
        if identity.replace(" ", "").lower() == name:
            return candidate
    raise BadArguments(f"botocore knows no service '{name}'")


def operation_name(client: Any, action: str) -> str:
    """The operation for the action in a resource ARN, as in `putItem`."""
    wanted = action.lower()
    for operation in client.meta.service_model.operation_names:
        if operation.lower() == wanted:
            return operation
    raise BadArguments(f"the service has no action '{action}'")
