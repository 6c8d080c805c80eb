"""Checks `aws` commands against botocore's own models of the services, without a network."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import botocore.session
import jmespath
from botocore import xform_name
from botocore.exceptions import UnknownServiceError
from botocore.model import OperationModel, Shape, StringShape
from botocore.validate import ParamValidator
from jmespath.exceptions import ParseError

from infrastructure.blocks.function import LIVE
from tests.documents.running.shell import Wrong

# What the command line adds to each operation. https://docs.aws.amazon.com/cli/latest/reference/#global-options
VALUED = frozenset({"--query", "--output", "--region", "--profile", "--endpoint-url", "--cli-binary-format"})
FLAGS = frozenset({"--no-paginate", "--no-cli-pager", "--no-sign-request", "--debug"})
OUTPUTS = frozenset({"json", "text", "table", "yaml", "yaml-stream"})
# Options that name a resource, with the type that the Pulumi program declares it as.
NAMES = {
    ("cloudwatch", "--alarm-names"): "aws:cloudwatch/metricAlarm:MetricAlarm",
    ("dynamodb", "--table-name"): "aws:dynamodb/table:Table",
    ("lambda", "--function-name"): "aws:lambda/function:Function",
    ("logs", "--log-group-name"): "aws:cloudwatch/logGroup:LogGroup",
    ("pipes", "--name"): "aws:pipes/pipe:Pipe",
    ("sqs", "--queue-name"): "aws:sqs/queue:Queue",
}


class Aws:
    """The program `aws`. `names` has the names of the declared resources by type."""

    def __init__(self, names: Mapping[str, frozenset[str]]) -> None:
        self._names = names

    def __call__(self, arguments: Sequence[str], _: str) -> str:
        if len(arguments) < 2:
            raise Wrong("aws takes a service and an operation")
        service, name, *rest = arguments
        operation = _operation(service, name)
        given, files = _parsed(operation, rest)
        if len(files) != int(operation.has_streaming_output):
            raise Wrong(f"aws {service} {name} takes {int(operation.has_streaming_output)} file, but has {files}")
        _check_output(operation, given)
        _check_parameters(operation, given)
        self._check_names(service, given)
        return ""

    def _check_names(self, service: str, given: Mapping[str, Sequence[str]]) -> None:
        for option, values in given.items():
            if not (wanted := NAMES.get((service, option))):
                continue
            for value in values:
                if value.removesuffix(f":{LIVE}") not in self._names.get(wanted, ()):
                    raise Wrong(f"{option} {value}: the Pulumi program makes no {wanted} of this name")


def _operation(service: str, name: str) -> OperationModel:
    try:
        operations = _operations(service)
    except UnknownServiceError:
        raise Wrong(f"aws has no service {service!r}") from None
    if name not in operations:
        raise Wrong(f"aws {service} has no operation {name!r}")
    return operations[name]


@cache
def _operations(service: str) -> dict[str, OperationModel]:
    model = botocore.session.Session().get_service_model(service)
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


def _members(operation: OperationModel) -> dict[str, Shape]:
    """The operation's parameters as options."""
    shape = operation.input_shape
    return {"--" + xform_name(name, "-"): member for name, member in shape.members.items()} if shape else {}


def _parsed(operation: OperationModel, words: Sequence[str]) -> tuple[dict[str, list[str]], list[str]]:
    """The values of each option, and the words that belong to none."""
    members, given, files = _members(operation), dict[str, list[str]](), list[str]()
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if not word.startswith("--"):
            files.append(word)
            continue
        option, equals, value = word.partition("=")
        given[option] = [value] if equals else []
        while len(given[option]) < _most(option, members) and rest and not rest[0].startswith("--"):
            given[option].append(rest.pop(0))
        if not given[option] and _most(option, members):
            raise Wrong(f"{option} has no value")
    return given, files


def _most(option: str, members: Mapping[str, Shape]) -> float:
    """How many values an option takes. Raises `Wrong` if there is no such option."""
    if option in VALUED or option in FLAGS:
        return int(option in VALUED)
    positive = option if option in members else option.replace("--no-", "--", 1)
    if positive not in members or (positive != option and members[positive].type_name != "boolean"):
        raise Wrong(f"there is no option {option}; there are {' '.join(sorted(members))}")
    kind = members[positive].type_name
    return 0 if kind == "boolean" else float("inf") if kind in ("list", "map", "structure") else 1


def _check_output(operation: OperationModel, given: Mapping[str, Sequence[str]]) -> None:
    for value in given.get("--output", ()):
        if value not in OUTPUTS:
            raise Wrong(f"--output {value}: there are {' '.join(sorted(OUTPUTS))}")
    for query in given.get("--query", ()):
        try:
            node: Any = jmespath.compile(query).parsed
        except ParseError as error:
            raise Wrong(f"--query {query}: {error}") from None
        while node["children"]:
            node = node["children"][0]
        members = operation.output_shape.members if operation.output_shape else {}
        if node["type"] == "field" and node["value"] not in members:
            raise Wrong(f"--query {query}: the response has {' '.join(members)}")


def _check_parameters(operation: OperationModel, given: Mapping[str, Sequence[str]]) -> None:
    """Required parameters, types, ranges and enumerations."""
    if not (shape := operation.input_shape):
        return
    raw = "raw-in-base64-out" in given.get("--cli-binary-format", ())
    parameters: dict[str, Any] = {}
    for name, member in shape.members.items():
        option = "--" + xform_name(name, "-")
        if member.type_name == "boolean" and not {option, option.replace("--", "--no-", 1)}.isdisjoint(given):
            parameters[name] = option in given
        elif option in given:
            parameters[name] = _value(option, member, given[option], raw)
    report = ParamValidator().validate(parameters, shape)
    if report.has_errors():
        raise Wrong(f"aws {operation.service_model.service_name}: {report.generate_report()}")


def _value(option: str, shape: Shape, values: Sequence[str], raw: bool) -> Any:
    text = " ".join(values)
    match shape.type_name:
        case "integer" | "long":
            if not text.lstrip("-").isdecimal():
                raise Wrong(f"{option} {text} is not a whole number")
            return int(text)
        case "blob":
            return text.encode() if raw or text.startswith("fileb://") else _decoded(option, text)
        case "list" if not text.startswith("["):
            return list(values)
        case "list" | "map" | "structure":
            return _document(option, text)
        case _:
            if isinstance(shape, StringShape) and shape.enum and text not in shape.enum:
                raise Wrong(f"{option} {text}: there are {' '.join(shape.enum)}")
            return text


def _decoded(option: str, text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise Wrong(f"{option} {text}: version 2 of the AWS CLI reads base64 here, version 1 reads it raw") from None


def _document(option: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise Wrong(f"{option} {text}: write JSON here, which can be checked ({error})") from None
