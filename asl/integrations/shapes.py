"""Converts between the PascalCase JSON of Step Functions and the parameters of botocore, using the service's model."""

import base64
from datetime import UTC, datetime
from typing import Any, cast

from asl.core.errors import BadArguments
from asl.core.templates import Json, compact


def request_of(shape: Any, arguments: dict[str, Json]) -> dict[str, Any]:
    """Parameters for botocore; raises `BadArguments` for a field that the action does not have."""
    if shape is None:
        return {}
    result = cast(dict[str, Any], _to_service(shape, arguments))
    missing = [name for name in shape.required_members if name not in result]
    if missing:
        raise BadArguments(", ".join(f"The field '{_pascal(name)}' is required but was missing" for name in missing))
    return result


def _to_service(shape: Any, value: Any) -> Any:
    if shape.type_name == "structure" and isinstance(value, dict):
        return _structure(shape, cast(dict[str, Json], value))
    if shape.type_name == "list" and isinstance(value, list):
        return [_to_service(shape.member, item) for item in cast(list[Json], value)]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _to_service(shape.value, item) for key, item in cast(dict[str, Json], value).items()}
    if shape.type_name == "blob" and isinstance(value, str):
        return value.encode()
    if shape.type_name == "string" and isinstance(value, dict | list):
        return compact(value)
    if shape.type_name in ("float", "double") and isinstance(value, int):
        return float(value)
    return value


def _structure(shape: Any, value: dict[str, Json]) -> dict[str, Any]:
    members = {name.lower(): name for name in shape.members}
    unknown = [key for key in value if key.lower() not in members]
    if unknown:
        raise BadArguments(", ".join(f'The field "{key}" is not supported by Step Functions' for key in unknown))
    return {(name := members[key.lower()]): _to_service(shape.members[name], item) for key, item in value.items()}


def response_of(shape: Any, response: dict[str, Any]) -> dict[str, Json]:
    """The response as JSON with fields in PascalCase. The keys of maps stay as they are."""
    return {} if shape is None else cast(dict[str, Json], _from_service(shape, response))


def _from_service(shape: Any, value: Any) -> Json:
    if shape.type_name == "structure" and isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        return {
            _pascal(key): _from_service(shape.members[key], item)
            for key, item in fields.items()
            if key in shape.members
        }
    if shape.type_name == "list" and isinstance(value, list):
        return [_from_service(shape.member, item) for item in cast(list[Any], value)]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _from_service(shape.value, item) for key, item in cast(dict[str, Any], value).items()}
    return _scalar(value)


def _scalar(value: Any) -> Json:
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes | bytearray):
        return _text_of(bytes(value))
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")[:-6] + "Z"
    return value


def _text_of(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return base64.b64encode(value).decode()


def _pascal(name: str) -> str:
    return name[:1].upper() + name[1:]
