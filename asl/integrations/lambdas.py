"""Calls Lambda functions, through `lambda:invoke` or by their bare ARN."""

import json
from typing import Any, Final, cast

from asl.core.errors import BadArguments, TaskFailure
from asl.core.templates import Json, compact
from asl.integrations.metadata import sdk_metadata

_FIELDS: Final = {"FunctionName", "Payload", "InvocationType", "Qualifier", "ClientContext", "LogType"}
_UNKNOWN: Final = "Lambda.Unknown"


def invoke(client: Any, arguments: dict[str, Json]) -> Json:
    """Invoke a function; the result is its payload and the metadata of the call."""
    unknown = [key for key in arguments if key not in _FIELDS]
    if unknown:
        raise BadArguments(", ".join(f'The field "{key}" is not supported by Step Functions' for key in unknown))
    if "FunctionName" not in arguments:
        raise BadArguments("The field 'FunctionName' is required but was missing")
    parameters = {key: value for key, value in arguments.items() if key != "Payload"}
    payload = arguments.get("Payload", {})
    response = client.invoke(**parameters, Payload=compact(payload).encode())
    text = _payload(response)
    result: dict[str, Json] = {"ExecutedVersion": response.get("ExecutedVersion", "$LATEST")}
    # The response to an asynchronous call has an empty payload.
    result["Payload"] = _parsed(text) if text else {}
    result |= sdk_metadata(response.get("ResponseMetadata", {}))
    return result | {"StatusCode": response.get("StatusCode", 200)}


def call_function(client: Any, arn: str, value: Json) -> Json:
    """Invoke a function by its ARN; the result is its payload alone."""
    return _parsed(_payload(client.invoke(FunctionName=arn, Payload=compact(value).encode())))


def _payload(response: dict[str, Any]) -> str:
    text: str = response["Payload"].read().decode() if "Payload" in response else ""
    if "FunctionError" in response:
        raise TaskFailure(_error_type(text), text)
    return text


def _error_type(text: str) -> str:
    payload = _parsed(text)
    name = cast(dict[str, Json], payload).get("errorType") if isinstance(payload, dict) else None
    return name if isinstance(name, str) and name else _UNKNOWN


def _parsed(text: str) -> Json:
    try:
        return json.loads(text)
    except ValueError:
        return text
