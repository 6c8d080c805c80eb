"""From a resource to the requests of the provider."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pulumi
from botocore.model import Shape

from tests.infrastructure.recording import Resource
from tests.meaning import provider, service
from tests.meaning.calls import CALLS, NOT_SENT, Call


class Request(NamedTuple):
    """One request, as boto3 would be given it."""

    service: str
    operation: str
    members: dict[str, Any]


def complaints(resource: Resource) -> list[str]:
    """What the provider or the service would refuse, or warn about; empty if the resource means what it says."""
    if resource.type not in CALLS:
        return [f"{resource.type} is in no row of the table of calls"]
    carried = {name for call in CALLS[resource.type] for name in call.members}
    unknown = [name for name in resource.inputs if name not in carried and (resource.type, name) not in NOT_SENT]
    found = [f"{name} of {resource.type} is in no row of the table of calls" for name in unknown]
    found += provider.complaints(resource)
    return [*found, *(one for request in requests(resource) for one in service.complaints(*request))]


def requests(resource: Resource) -> Iterator[Request]:
    """A call is made if one of its own members is given: the first call of a type is the one that creates it."""
    first, *others = CALLS[resource.type]
    for call in (first, *others):
        own = call.members.keys() - (first.members.keys() if call is not first else set())
        if own & resource.inputs.keys():
            yield Request(call.service, call.operation, _members(call, resource.inputs))


def _members(call: Call, inputs: Mapping[str, Any]) -> dict[str, Any]:
    members: dict[str, Any] = {**call.added}
    for name in call.members.keys() & inputs.keys():
        member, value = call.members[name], inputs[name]
        _merge(members, _at(member.split("."), value) if isinstance(member, str) else member(value))
    shape = service.operation(call.service, call.operation).input_shape
    assert shape is not None
    return fitted(members, shape)


def _at(steps: list[str], value: Any) -> dict[str, Any]:
    first, *rest = steps
    return {first: _at(rest, value) if rest else value}


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(into.get(name), dict) and isinstance(value, dict):
            _merge(into[name], value)
        elif isinstance(into.get(name), list):
            into[name] = [*into[name], *value]
        else:
            into[name] = value


def fitted(value: Any, shape: Any) -> Any:
    """A value as the model has it: its capitals, a list where the provider takes its only element, text for numbers.

    What has no place in the model stays as it is, and is refused later.
    """
    match shape.type_name:
        case "structure" if isinstance(value, dict):
            names = {member.lower(): member for member in shape.members}
            known = {name: names.get(name.lower(), name) for name in value}
            return {known[n]: _fitted_member(v, shape.members.get(known[n])) for n, v in value.items()}
        case "map" if isinstance(value, dict):
            return {name: fitted(child, shape.value) for name, child in value.items()}
        case "list":
            return [fitted(child, shape.member) for child in (value if isinstance(value, list) else [value])]
        case _:
            return _scalar(value, shape.type_name)


def _fitted_member(value: Any, shape: Shape | None) -> Any:
    return fitted(value, shape) if shape else value


def _scalar(value: Any, kind: str) -> Any:
    """SQS and SNS take all attributes as text. The provider takes the size of a compressed body as text."""
    if kind == "string" and isinstance(value, bool | int):
        return str(value).lower()
    if kind == "integer" and isinstance(value, str) and value.isdecimal():
        return int(value)
    if kind == "blob":
        return Path(value.path).read_bytes() if isinstance(value, pulumi.FileArchive) else value.encode()
    return value
